/** A service of cote with its discovery as it comes: asks all of its like, and answers them. */
import { hostname } from 'node:os';
import cote from 'cote';

const answering = new cote.Responder({ name: `responder ${hostname()}` });
answering.on('hello', async ({ from }) => `hello ${from}, this is ${hostname()}`);

const asking = new cote.Requester({ name: `requester ${hostname()}` });
// Requests go to the responders in turn.
setInterval(async () => {
  console.log(await asking.send({ type: 'hello', from: hostname() }));
}, 500);
