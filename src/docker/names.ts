import { randomInt } from 'node:crypto';
import type { RemoteInfo, Socket } from 'node:dgram';
import dns from 'dns-packet';

/** Docker's own DNS as the containers of one namespace have it (libnetwork, resolver.go). */
const SERVER = { address: '127.0.0.11', port: 53 };

/** A name that Docker knows is answered within a millisecond; others it asks of other servers. */
const PATIENCE_MS = 200;

/** The longest part of a name between two dots, bytes (RFC 1035). */
const LABEL_BYTES = 63;

/**
 * A name as Docker knows it on one network: a container may be on several, and is told the address
 * on the first of them otherwise. A network whose own name is too long for DNS goes without.
 */
export function onNetwork(name: string, network: string): string {
  const fits = network.split('.').every((it) => it !== '' && Buffer.byteLength(it) <= LABEL_BYTES);
  return fits ? `${name}.${network}` : name;
}

/**
 * Asks for the IPv4 addresses of several names at once, over a socket in a container's namespace.
 * @returns by name: no address when it has none; the name is absent when nobody answered in time
 */
export async function resolveNames(
  socket: Socket,
  names: readonly string[],
): Promise<Map<string, string[]>> {
  const answers = new Map<string, string[]>();
  if (names.length === 0) return answers;
  const { promise: all, resolve: done } = Promise.withResolvers<void>();
  const asked = withIds(names);
  const take = (bytes: Buffer, from: RemoteInfo): void => {
    // Whatever else runs in the container may send here too.
    if (from.address !== SERVER.address || from.port !== SERVER.port) return;
    const answer = decode(bytes);
    const name = asked.get(answer?.id ?? -1);
    // An answer may be a late one, to a question of before.
    if (answer === undefined || name === undefined || answer.name !== name) return;
    answers.set(name, answer.addresses);
    if (answers.size === names.length) done();
  };
  // A process that got no core for so long has its timers run before it reads what came meanwhile.
  const timer = setTimeout(() => setImmediate(done), PATIENCE_MS);
  socket.on('message', take);
  try {
    for (const [id, name] of asked) {
      const question = { type: 'A', name } as const;
      const query = dns.encode({
        type: 'query',
        id,
        flags: dns.RECURSION_DESIRED,
        questions: [question],
      });
      socket.send(query, SERVER.port, SERVER.address);
    }
    await all;
  } finally {
    clearTimeout(timer);
    socket.off('message', take);
  }
  return answers;
}

/** Each name with an id of its question that nobody can know (RFC 5452 section 4.3). */
function withIds(names: readonly string[]): Map<number, string> {
  const asked = new Map<number, string>();
  for (const name of names) {
    let id = randomInt(65_536);
    while (asked.has(id)) id = randomInt(65_536);
    asked.set(id, name);
  }
  return asked;
}

function decode(bytes: Buffer): { id: number; name: string; addresses: string[] } | undefined {
  try {
    const { id, questions, answers } = dns.decode(bytes);
    const addresses = (answers ?? []).flatMap((it) => (it.type === 'A' ? [it.data] : []));
    return { id: id ?? -1, name: questions?.[0]?.name ?? '', addresses };
  } catch {
    return undefined;
  }
}
