/** A node of a Moleculer cluster with the TCP transporter as it comes. */
import { hostname } from 'node:os';
import moleculer from 'moleculer';

const broker = new moleculer.ServiceBroker({ nodeID: hostname(), transporter: 'TCP' });

broker.createService({
  name: 'greeter',
  actions: { hello: ({ nodeID }) => `hello ${nodeID}, this is ${hostname()}` },
});

/** Asks each node of the cluster by its name; the answers are in the log. */
async function greetAll() {
  for (const { id } of broker.registry.getNodeList({ onlyAvailable: true })) {
    const answer = await broker.call('greeter.hello', {}, { nodeID: id });
    broker.logger.info(`${id} answers: ${answer}`);
  }
}

await broker.start();
setInterval(() => greetAll().catch((error) => broker.logger.warn(error.message)), 2_000);
