import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalise } from './delta.ts';
import type { NetworkMessage } from './messages.ts';
import { Published } from './published.ts';
import { Replica } from './replica.ts';
import { anyHost, endpoint, host, network } from './testing/records.ts';

const snapshot = (seq: number, record: unknown = network(1), epoch = 'e'): NetworkMessage => ({
  type: 'snapshot',
  network: 'net1',
  epoch,
  seq,
  record,
});
const delta = (seq: number, epoch = 'e'): NetworkMessage => ({
  type: 'delta',
  network: 'net1',
  epoch,
  seq,
  set: { endpoints: [endpoint(2)], groups: [] },
  remove: { endpoints: [], groups: [] },
});

function replica(...messages: NetworkMessage[]): Replica {
  const made = new Replica();
  made.setWanted(new Set(['net1']));
  for (const message of messages) made.hear(message);
  return made;
}

it('follows a publisher through any history, also when messages are lost', () => {
  const history = fc.array(fc.tuple(anyHost, fc.boolean()), { maxLength: 12 });
  fc.assert(
    fc.property(history, anyHost, (steps, last) => {
      const published = new Published('epoch', '127.0.0.1');
      const heard = new Replica();
      heard.setWanted(new Set(['net1', 'net2']));
      for (const [record, lose] of [...steps, [last, false] as const]) {
        for (const message of published.update(record).messages.values()) {
          if (lose && message.type === 'delta') continue;
          const outcome = heard.hear(message);
          if (outcome.do === 'resync') heard.hear(published.current(message.network));
        }
      }
      // A loss is noticed by the next change; the reconnect asks for everything anyway.
      for (const name of ['net1', 'net2']) heard.hear(published.current(name));
      const expected = [...last.networks]
        .filter(([name]) => name !== 'net3')
        .sort(([a], [b]) => (a < b ? -1 : 1));
      expect([...heard.networks]).toEqual(expected.map(([name, r]) => [name, normalise(r)]));
    }),
  );
});

describe('what is heard', () => {
  it('applies the next change', () => {
    expect(replica(snapshot(1), delta(2)).networks.get('net1')).toEqual(network(1, 2));
  });

  it.each([
    ['a gap', delta(3)],
    ['the same number again', delta(1)],
    ['another epoch', delta(2, 'other')],
  ])('%s asks for a snapshot once, keeps the record and takes the snapshot', (_name, bad) => {
    const heard = replica(snapshot(1));
    expect(heard.hear(bad)).toMatchObject({ do: 'resync' });
    expect(heard.hear(delta(2))).toEqual({ do: 'nothing' });
    expect(heard.networks.get('net1')).toEqual(network(1));
    expect(heard.hear(snapshot(9, network(7), 'other'))).toEqual({ do: 'changed' });
    expect(heard.networks.get('net1')).toEqual(network(7));
  });

  it('a change without a snapshot asks for one', () => {
    expect(replica().hear(delta(2))).toMatchObject({ do: 'resync' });
  });

  it('a change that overtakes the snapshot which was asked for is not lost', () => {
    const heard = replica(delta(2), delta(3));
    expect(heard.hear(snapshot(2))).toMatchObject({ do: 'resync' });
    expect(heard.position('net1')).toBeUndefined();
    expect(heard.hear(snapshot(3))).toEqual({ do: 'changed' });
    expect(heard.position('net1')?.seq).toBe(3);
  });

  it('the same snapshot from a restarted agent changes nothing', () => {
    const heard = replica(snapshot(5));
    const before = heard.networks;
    expect(heard.hear(snapshot(1, network(1), 'later'))).toEqual({ do: 'nothing' });
    expect(heard.networks).toBe(before);
    expect(heard.hear(delta(2, 'later'))).toEqual({ do: 'changed' });
  });

  it('a malformed snapshot is refused whole, with the place of the fault', () => {
    const bad = { ...network(1), endpoints: [endpoint(3), { ...endpoint(2), mac: 'nonsense' }] };
    const heard = replica(snapshot(1));
    const outcome = heard.hear(snapshot(2, bad));
    expect(outcome).toMatchObject({ do: 'refused', reason: /^endpoints\.1\.mac: must be the MAC/ });
    expect(heard.networks.get('net1')).toEqual(network(1));
    expect(heard.hear(delta(3))).toEqual({ do: 'nothing' });
    expect(heard.refused).toMatchObject({ network: 'net1', reason: /must be the MAC/ });
    heard.hear(snapshot(4));
    expect(heard.refused).toBeUndefined();
  });

  it('what was overtaken by later news changes nothing', () => {
    const heard = replica(snapshot(5));
    expect(heard.hear({ type: 'gone', network: 'net1', epoch: 'e', seq: 4 }).do).toBe('nothing');
    expect(heard.hear(snapshot(3, network(9))).do).toBe('nothing');
    expect(heard.networks.get('net1')).toEqual(network(1));
  });

  it('what is not wanted is not kept', () => {
    const heard = replica(snapshot(1));
    expect(heard.hear({ ...snapshot(1), network: 'net2' })).toEqual({ do: 'nothing' });
    expect(heard.setWanted(new Set(['net2']))).toBe(true);
    expect(heard.networks.size).toBe(0);
  });

  it('a network that is gone is forgotten', () => {
    const heard = replica(snapshot(1));
    expect(heard.hear({ type: 'gone', network: 'net1', epoch: 'e', seq: 2 }).do).toBe('changed');
    expect(heard.networks.size).toBe(0);
  });
});

it('publishes a snapshot, then changes, then that it is gone', () => {
  const published = new Published('e', '127.0.0.1');
  const told = (...ends: number[]) => {
    const networks = ends.length > 0 ? { net1: network(...ends) } : {};
    const message = published.update(host('a', networks)).messages.get('net1');
    return message && `${message.type} ${message.seq}`;
  };
  const said = [told(1), told(1, 2), told(2, 1), told(2), told(), told(), told(1)];
  expect(said).toEqual([
    'snapshot 1',
    'delta 2',
    undefined,
    'delta 3',
    'gone 4',
    undefined,
    'snapshot 5',
  ]);
});
