/**
 * An agent in a process of its own, which a test may stop: `stopped-agent.ts DIRECTORY BACKLOG`, with its
 * certificates. Says its port.
 */
import { silentLog } from '../log.ts';
import { createPublisher } from '../publisher.ts';
import { loadSwarmCredentials } from '../tls.ts';
import { host, network } from './records.ts';

const [, , directory = '', backlog] = process.argv;
const credentials = await loadSwarmCredentials({ directory, log: silentLog });
const publisher = createPublisher({
  ...{ credentials, host: '127.0.0.1', port: 0, node: 'node-a', tunnel: '127.0.0.1' },
  admit: () => true,
  log: silentLog,
  limits: { backlog: Number(backlog) },
});
const { port } = await publisher.listen();
publisher.publish(host('node-a', { net1: network(1) }));
process.stdout.write(`${port}\n`);
