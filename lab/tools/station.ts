/**
 * A program for containers: it hears and says UDP packets, and tells what it heard. It is driven
 * by JSON lines (obey.ts):
 *
 *   node station.ts NAME PORT [udp6]
 *   {"id":1,"do":"join","group":"239.1.2.3"}              -> {"id":1}
 *   {"id":2,"do":"say","to":"239.1.2.3","count":5}        -> {"id":2,"sent":5}
 *   {"id":3,"do":"heard"}                                 -> {"id":3,"heard":[…]}
 *
 * Every packet carries its sender's name, a tag and a number that counts from 1, so that losses
 * and doubles show. It is ready when the port is open.
 */
import { createSocket } from 'node:dgram';
import { obey } from './obey.ts';

/** Packets of one sender under one tag, as this station heard them. */
export type Heard = {
  from: string;
  tag: string;
  /** Different numbers that came. */
  count: number;
  /** How many came again. */
  doubles: number;
  first: number;
  last: number;
  /** Numbers between the first and the last that did not come, at most 20 of them. */
  missing: number[];
};

export type Say = {
  to: string;
  tag?: string;
  count?: number;
  rate?: number;
  port?: number;
  /** Bytes of each datagram, filled up; without it as few as it takes. */
  size?: number;
};
/** A source makes it a source-specific membership (RFC 4607). */
type Join = { group: string; source?: string; interface?: string };

const [name = 'nobody', portText = '5000', family = 'udp4'] = process.argv.slice(2);
const port = Number(portText);
const socket = createSocket({ type: family === 'udp6' ? 'udp6' : 'udp4', reuseAddr: true });
/** By sender and tag; a test sends from a few containers under a few tags. */
const heard = new Map<string, { numbers: Set<number>; doubles: number }>();
/** Streams without a count, by tag, until they are told to stop. */
const streams = new Map<string, () => number>();

socket.on('message', (data) => {
  const [from, tag, number] = data.toString().split(' ');
  const key = `${from} ${tag}`;
  const entry = heard.get(key) ?? { numbers: new Set<number>(), doubles: 0 };
  heard.set(key, entry);
  if (entry.numbers.has(Number(number))) entry.doubles++;
  entry.numbers.add(Number(number));
});

function send(to: string, toPort: number, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(text, toPort, to, (error) => (error ? reject(error) : resolve()));
  });
}

/** Says `count` packets, `rate` of them each second, or as fast as they are taken. */
async function say({ to, tag = to, count = 1, rate, size = 0, port: toPort = port }: Say) {
  const start = performance.now();
  for (let number = 1; number <= count; number++) {
    const due = rate === undefined ? 0 : start + ((number - 1) * 1000) / rate;
    while (performance.now() < due) await new Promise((resolve) => setTimeout(resolve, 1));
    await send(to, toPort, `${name} ${tag} ${number} `.padEnd(size, '.'));
  }
  return count;
}

/** Says packets until `stop`; what a busy machine delays is made up for. */
function stream({ to, tag = to, rate = 100, size = 0, port: toPort = port }: Say): void {
  const start = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - start) * rate) / 1000);
    while (sent < due) {
      sent++;
      socket.send(`${name} ${tag} ${sent} `.padEnd(size, '.'), toPort, to);
    }
  }, 2);
  streams.set(tag, () => {
    clearInterval(timer);
    streams.delete(tag);
    return sent;
  });
}

function summary(): Heard[] {
  return [...heard].map(([key, { numbers, doubles }]) => {
    const [from = '', tag = ''] = key.split(' ');
    const sorted = [...numbers].sort((a, b) => a - b);
    const first = sorted[0] ?? 0;
    const last = sorted.at(-1) ?? 0;
    const missing: number[] = [];
    for (let number = first; number <= last && missing.length < 20; number++) {
      if (!numbers.has(number)) missing.push(number);
    }
    return { from, tag, count: numbers.size, doubles, first, last, missing };
  });
}

function join({ group, source, interface: by }: Join): object {
  if (source === undefined) socket.addMembership(group, by);
  else socket.addSourceSpecificMembership(source, group, by);
  return {};
}

function leave({ group, source, interface: by }: Join): object {
  if (source === undefined) socket.dropMembership(group, by);
  else socket.dropSourceSpecificMembership(source, group, by);
  return {};
}

socket.bind(port, () => {
  socket.setBroadcast(true);
  // A burst must not be lost here, where nobody looks for it.
  socket.setRecvBufferSize(4 * 1024 * 1024);
  obey({
    join,
    leave,
    ttl: ({ hops }: { hops: number }) => ({ hops: socket.setMulticastTTL(hops) }),
    sendBy: ({ interface: by }: { interface: string }) => {
      socket.setMulticastInterface(by);
      return {};
    },
    say: async (given: Say) => ({ sent: await say(given) }),
    stream: (given: Say) => {
      stream(given);
      return {};
    },
    stop: ({ tag }: { tag: string }) => ({ sent: streams.get(tag)?.() ?? 0 }),
    heard: () => ({ heard: summary() }),
  });
});
