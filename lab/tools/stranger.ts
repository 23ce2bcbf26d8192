/**
 * A program for a host of the lab: one who tries the agents' port.
 *
 *   node stranger.ts call ADDRESS PORT NETWORK [CERTIFICATES]
 *     connects, says what an agent would say, and reads until the other ends it
 *   node stranger.ts answer PORT CERTIFICATES
 *     waits in an agent's place and reads what comes until its standard input is closed
 *
 * CERTIFICATES is a directory as /var/lib/docker/swarm/certificates. Prints one JSON object; after
 * `answer` begins to listen, {"ready":true} comes before it.
 */
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:tls';

/** After this time the other is taken for one who keeps the connection, milliseconds. */
const PATIENCE_MS = 8_000;

const [what, ...args] = process.argv.slice(2);

const print = (value: object): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

function identity(directory: string | undefined): { cert?: string; key?: string } {
  if (directory === undefined) return {};
  // Swarm writes headers of its own into the key's file, which OpenSSL does not take.
  const read = (name: string): string =>
    readFileSync(`${directory}/${name}`, 'utf8').replace(/^[\w-]+: .*\n+/gm, '');
  return { cert: read('swarm-node.crt'), key: read('swarm-node.key') };
}

/** The node id in the certificate: an agent says hello by this name. */
function call([host = '', port = '', network = '', directory]: string[], node = 'stranger'): void {
  let read = '';
  const end = (how: string): void => {
    print({ how, bytes: read.length, read: read.slice(0, 2000) });
    process.exit(0);
  };
  const options = { host, port: Number(port), rejectUnauthorized: false, ...identity(directory) };
  const socket = connect(options);
  const hello = { type: 'hello', version: 1, node };
  const want = { type: 'want', networks: [network] };
  socket.on('secureConnect', () =>
    socket.write(`${JSON.stringify(hello)}\n${JSON.stringify(want)}\n`),
  );
  socket.on('data', (chunk) => {
    read += chunk;
    // One who is let in would be answered for ever.
    if (read.includes('snapshot')) end('answered');
  });
  socket.on('error', () => {});
  socket.on('close', () => end('ended'));
  setTimeout(() => end('kept'), PATIENCE_MS);
}

function answer([port = '', directory]: string[]): void {
  let read = '';
  let connections = 0;
  const options = { ...identity(directory), requestCert: true, rejectUnauthorized: false };
  const server = createServer(options, (socket) => {
    socket
      .on('error', () => {})
      .on('data', (chunk) => {
        read += chunk;
      });
  });
  server.on('connection', () => {
    connections++;
    print({ connections });
  });
  server.listen(Number(port), () => print({ ready: true }));
  process.stdin.resume().on('end', () => {
    print({ connections, bytes: read.length, read: read.slice(0, 2000) });
    process.exit(0);
  });
}

if (what === 'call') call(args.slice(0, 4), args[4]);
else if (what === 'answer') answer(args);
else throw new Error('say "call" or "answer"');
