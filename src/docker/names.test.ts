import type { Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import dns from 'dns-packet';
import { expect, it } from 'vitest';
import { hasTask, onNetwork } from './names.ts';

const DOCKER = { address: '127.0.0.11', port: 53 };

type Answer = (name: string, id: number) => { name?: string; ip?: string } | undefined;

/** A socket at whose other end Docker's DNS is. */
function socketTo(answer: Answer): Socket {
  const socket = new EventEmitter() as EventEmitter & { send: (query: Buffer) => void };
  socket.send = (query) => {
    const { id = 0, questions } = dns.decode(query);
    const asked = questions?.[0]?.name ?? '';
    const found = answer(asked, id);
    if (found === undefined) return;
    const name = found.name ?? asked;
    const reply = dns.encode({
      type: 'response',
      id,
      questions: [{ type: 'A', name }],
      answers: found.ip === undefined ? [] : [{ type: 'A', name, data: found.ip }],
    });
    setImmediate(() => socket.emit('message', reply, DOCKER));
  };
  return socket as unknown as Socket;
}

const TASK = { name: 'web.1', ip: '10.0.1.5' };
const SERVICE = { name: 'web', ip: '10.0.1.2' };
const ask = (socket: Socket) => hasTask(socket, TASK, SERVICE);

it.each([
  ['its address', { 'web.1': '10.0.1.5' }, true],
  ['that of its service alone', { web: '10.0.1.2' }, false],
  ['nothing of either', {}, undefined],
  [
    'another address, as another server does for any name',
    { 'web.1': '1.2.3.4', web: '1.2.3.4' },
    undefined,
  ],
  ['another address, and that of its service', { 'web.1': '10.0.9.5', web: '10.0.1.2' }, false],
])('a task of which the DNS says %s', async (_what, known: Record<string, string>, has) => {
  const socket = socketTo((name) => (known[name] === undefined ? undefined : { ip: known[name] }));
  expect(await ask(socket)).toBe(has);
  expect(socket.listenerCount('message')).toBe(0);
});

it('a refusal that another server makes says nothing of the task', async () => {
  expect(await ask(socketTo(() => ({})))).toBeUndefined();
});

it('asks for the service only when the task’s own name is not answered at once', async () => {
  const names: string[] = [];
  const socket = socketTo((name) => {
    names.push(name);
    return { ip: '10.0.1.5' };
  });
  await ask(socket);
  expect(names).toEqual(['web.1']);
});

it('does not take a late answer to another question for one', async () => {
  const socket = socketTo(() => ({ name: 'before', ip: '10.0.1.5' }));
  expect(await ask(socket)).toBeUndefined();
});

it('passes over what is no answer', async () => {
  const socket = socketTo((name) => ({ name, ip: '10.0.1.5' }));
  const found = ask(socket);
  socket.emit('message', Buffer.from('nonsense'), DOCKER);
  expect(await found).toBe(true);
});

it.each([
  ['another port of Docker’s address', { address: '127.0.0.11', port: 5353 }],
  ['another address', { address: '127.0.0.1', port: 53 }],
])('takes no answer from %s', async (_what, from) => {
  const socket = new EventEmitter() as EventEmitter & { send: (query: Buffer) => void };
  socket.send = (query) => {
    const { id = 0, questions = [] } = dns.decode(query);
    const answers = questions.map(({ name }) => ({ type: 'A' as const, name, data: '10.0.1.5' }));
    const reply = dns.encode({ type: 'response', id, questions, answers });
    setImmediate(() => socket.emit('message', reply, from));
  };
  expect(await ask(socket as unknown as Socket)).toBeUndefined();
});

it('asks with other ids each time, so that nobody can answer in Docker’s place', async () => {
  const seen = new Set<number>();
  const socket = socketTo((_name, id) => {
    seen.add(id);
    return { ip: '10.0.1.5' };
  });
  for (let round = 0; round < 12; round++) await ask(socket);
  // Of 65536 ids some may come twice, but hardly so many.
  expect(seen.size).toBeGreaterThan(8);
});

it('a socket that was closed meanwhile is no answer', async () => {
  const socket = socketTo(() => undefined);
  socket.send = () => {
    throw new Error('Not running');
  };
  expect(await ask(socket)).toBeUndefined();
});

it('asks for a name on its network, unless DNS cannot carry the network’s name', () => {
  expect(onNetwork('web.1.abc', 'my.net')).toBe('web.1.abc.my.net');
  expect(onNetwork('web.1.abc', 'n'.repeat(64))).toBe('web.1.abc');
});
