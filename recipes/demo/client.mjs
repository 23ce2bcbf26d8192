/**
 * The program in each of the demo's containers: a node of a Moleculer cluster.
 * Moleculer does all the finding; this file only prints what it found.
 *
 * Moleculer's TCP transporter announces its node to 239.0.0.0:4445 by
 * multicast, and connects to the nodes whose announcements it receives. Its
 * registry alone would not do as evidence, since nodes tell each other by TCP
 * of further ones; so the announcements are listened to as well, where
 * Moleculer's own socket hands them out, each with its sender's address.
 */
import { hostname } from 'node:os';
import moleculer from 'moleculer';

/**
 * Seconds between two announcements, the one setting that is not Moleculer's
 * own (30). It changes nothing but the pace: the table is complete, and
 * shows a loss, within seconds.
 */
const PERIOD = 2;

/** Seconds after which a node counts as unheard: three announcements missed. */
const MEMORY = 3 * PERIOD + 1;

const broker = new moleculer.ServiceBroker({
  nodeID: hostname(),
  transporter: { type: 'TCP', options: { udpPeriod: PERIOD } },
  // The log goes to the standard output too, where the reports have to be found.
  logLevel: 'warn',
});

/** When each announcement was last received, by node and address; report() drops the old ones. */
const heard = new Map();

/** Prints one line of JSON; `Report` in hearing.ts is its form. */
function report() {
  const now = Date.now();
  for (const [key, { at }] of heard) if (now - at > MEMORY * 1000) heard.delete(key);
  const members = broker.registry.getNodeList({ onlyAvailable: true }).map(({ id }) => id);
  const list = [...heard.values()].map(({ node, address }) => ({ node, address }));
  console.log(JSON.stringify({ node: broker.nodeID, at: now, heard: list, members }));
}

await broker.start();
broker.transit.tx.udpServer.on('message', (node, address) => {
  // It hears itself too, on every interface.
  if (node === broker.nodeID) return;
  heard.set(`${node} ${address}`, { node, address, at: Date.now() });
});
setInterval(report, 1000);
