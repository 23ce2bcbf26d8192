import { randomInt } from 'node:crypto';
import type { RemoteInfo, Socket } from 'node:dgram';
import dns from 'dns-packet';

/** Docker's own DNS as the containers of one namespace have it (libnetwork, resolver.go). */
const SERVER = { address: '127.0.0.11', port: 53 };

/** A name that Docker knows is answered within a millisecond; others it asks of other servers. */
const PATIENCE_MS = 200;

/** How long the task's own name has before the service's is asked for too, milliseconds. */
const TASK_FIRST_MS = 10;

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

/** A name and the address that Docker gives it, if it has it. */
export interface Named {
  readonly name: string;
  readonly ip: string;
}

/**
 * Asks whether Docker's DNS has a task, over a socket in the task's own namespace. A name that Docker
 * does not know it asks of other servers, whose answer, a refusal or none, says nothing of the task.
 * It knows the name of a service for as long as there is any task of it, stopping or not (seen with
 * 20.10): when it answers for the service and not for the task, it does not have the task.
 * @returns undefined when it said nothing of either
 */
export async function hasTask(
  socket: Socket,
  task: Named,
  service: Named,
): Promise<boolean | undefined> {
  const { promise: said, resolve } = Promise.withResolvers<boolean | undefined>();
  const ids = { task: randomInt(65_536), service: randomInt(65_536) };
  let isTaskDenied = false;
  let isServiceKnown = false;
  let isServiceAsked = false;
  const askService = (): void => {
    if (isServiceAsked) return;
    isServiceAsked = true;
    ask(socket, ids.service, service.name);
  };
  const take = (bytes: Buffer, from: RemoteInfo): void => {
    // Whatever else runs in the container may send here too.
    if (from.address !== SERVER.address || from.port !== SERVER.port) return;
    const answer = decode(bytes);
    // An answer may be a late one, to a question of before.
    if (answer?.id === ids.task && answer.name === task.name) {
      isTaskDenied = !answer.addresses.includes(task.ip);
      if (isTaskDenied) askService();
      else resolve(true);
    }
    if (answer?.id === ids.service && answer.name === service.name) {
      isServiceKnown ||= answer.addresses.includes(service.ip);
    }
    if (isTaskDenied && isServiceKnown) resolve(false);
  };
  const second = setTimeout(askService, TASK_FIRST_MS);
  // A process that got no core for so long has its timers run before it reads what came meanwhile.
  const last = setTimeout(() => {
    setImmediate(() => resolve(isServiceKnown ? false : undefined));
  }, PATIENCE_MS);
  socket.on('message', take);
  try {
    ask(socket, ids.task, task.name);
    return await said;
  } finally {
    clearTimeout(second);
    clearTimeout(last);
    socket.off('message', take);
  }
}

/** @param id which nobody can know, so that nobody answers in Docker's place (RFC 5452 section 4.3) */
function ask(socket: Socket, id: number, name: string): void {
  const questions = [{ type: 'A', name } as const];
  const query = dns.encode({ type: 'query', id, flags: dns.RECURSION_DESIRED, questions });
  // What is wrong with the socket it tells itself; its owner may have closed it meanwhile.
  try {
    socket.send(query, SERVER.port, SERVER.address, () => {});
  } catch {}
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
