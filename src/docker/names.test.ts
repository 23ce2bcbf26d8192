import type { Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import dns from 'dns-packet';
import { expect, it } from 'vitest';
import { onNetwork, resolveNames } from './names.ts';

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

it('tells a name that has no address from one that nobody answered', async () => {
  const socket = socketTo((name) =>
    name === 'silent' ? undefined : name === 'unknown' ? {} : { ip: '10.0.1.5' },
  );
  const answers = await resolveNames(socket, ['web.1', 'unknown', 'silent']);
  expect([...answers]).toEqual([
    ['web.1', ['10.0.1.5']],
    ['unknown', []],
  ]);
  expect(socket.listenerCount('message')).toBe(0);
});

it('does not take a late answer to another question for one', async () => {
  const socket = socketTo(() => ({ name: 'before', ip: '10.0.1.9' }));
  expect((await resolveNames(socket, ['web.1'])).size).toBe(0);
});

it('passes over what is no answer', async () => {
  const socket = socketTo((name) => ({ name, ip: '10.0.1.5' }));
  const found = resolveNames(socket, ['web.1']);
  socket.emit('message', Buffer.from('nonsense'), DOCKER);
  expect((await found).get('web.1')).toEqual(['10.0.1.5']);
});

it.each([
  ['another port of Docker’s address', { address: '127.0.0.11', port: 5353 }],
  ['another address', { address: '127.0.0.1', port: 53 }],
])('takes no answer from %s', async (_what, from) => {
  const socket = new EventEmitter() as EventEmitter & { send: (query: Buffer) => void };
  socket.send = (query) => {
    const { id = 0, questions = [] } = dns.decode(query);
    const answers = questions.map(({ name }) => ({ type: 'A' as const, name, data: '10.6.6.6' }));
    const reply = dns.encode({ type: 'response', id, questions, answers });
    setImmediate(() => socket.emit('message', reply, from));
  };
  expect((await resolveNames(socket as unknown as Socket, ['web.1'])).size).toBe(0);
});

it('asks with other ids each time, so that nobody can answer in Docker’s place', async () => {
  const seen = new Set<number>();
  const socket = socketTo((name, id) => {
    seen.add(id);
    return { name };
  });
  for (let round = 0; round < 4; round++) await resolveNames(socket, ['a', 'b', 'c']);
  // Of 65536 ids some may come twice, but hardly so many.
  expect(seen.size).toBeGreaterThan(8);
});

it('asks for a name on its network, unless DNS cannot carry the network’s name', () => {
  expect(onNetwork('web.1.abc', 'my.net')).toBe('web.1.abc.my.net');
  expect(onNetwork('web.1.abc', 'n'.repeat(64))).toBe('web.1.abc');
});
