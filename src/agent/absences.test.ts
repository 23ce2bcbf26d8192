import { expect, it } from 'vitest';
import type { NetworkRecord } from '../core/records.ts';
import { Absences } from './absences.ts';
import type { Knowledge } from './knowledge.ts';
import type { PeerView } from './swarm-link.ts';

const HOUR_MS = 3_600_000;
const TOLD = '10.9.0.2 says nothing of network net-b, in which Docker has it';

const record: NetworkRecord = { vni: 8_000_001, endpoints: [], groups: [] };
const has = (...ids: string[]): PeerView['networks'] => new Map(ids.map((id) => [id, record]));

/** This host is on networks a and b; Docker lists both hosts for both, and 10.9.0.9 for b alone. */
const knowing = (peer: Partial<PeerView> = {}): Knowledge => {
  const view = (id: string, hosts: string[]) =>
    [id, { id, name: `net-${id}`, hosts, containers: new Map() }] as const;
  const networks = new Map([
    view('a', ['10.9.0.1', '10.9.0.2']),
    view('b', ['10.9.0.1', '10.9.0.2', '10.9.0.9']),
    view('other', ['10.9.0.2']),
  ]);
  return {
    state: { networks: new Map(['a', 'b'].map((id) => [id, { id }])) },
    swarm: { networks, unanswered: new Set() },
    peers: [
      { address: '10.9.0.2', state: 'up', since: 0, awaited: false, networks: has('a'), ...peer },
    ],
  } as unknown as Knowledge;
};

function looking() {
  const time = { now: 0, answered: 0 };
  const absences = new Absences({ now: () => time.now, answeredAt: () => time.answered });
  /** @param silent for how long Docker has not answered, milliseconds */
  const at = (now: number, peer?: Partial<PeerView>, silent = 0): string[] => {
    time.now = now;
    time.answered = now - silent;
    return absences.look(knowing(peer));
  };
  return { at };
}

it('a host that Docker lists and that has nothing of a network is told after a minute', () => {
  const { at } = looking();
  expect(at(0)).toEqual([]);
  expect(at(59_000)).toEqual([]);
  expect(at(60_000)).toEqual([TOLD]);
  expect(at(60_000, { networks: has('a', 'b') })).toEqual([]);
  expect(at(60_000)).toEqual([]);
});

it.each<Partial<PeerView>>([
  { awaited: true },
  { state: 'agent-down' },
  { address: '10.9.0.3' },
  { refused: '10.9.0.2 says of network b what cannot be so' },
])(
  'one that has not spoken of all, does not speak, is not listed or is refused is not: %o',
  (peer) => {
    const { at } = looking();
    at(0, peer);
    expect(at(HOUR_MS, peer)).toEqual([]);
  },
);

it('nobody is told by an old list, for a host may have left since', () => {
  const { at } = looking();
  at(0);
  expect(at(60_000)).toEqual([TOLD]);
  expect(at(80_000, {}, 20_000)).toEqual([TOLD]);
  expect(at(91_000, {}, 31_000)).toEqual([]);
  expect(at(HOUR_MS, {}, HOUR_MS)).toEqual([]);
});

it('one that left after the last list was made is not told, however Docker falls silent', () => {
  const { at } = looking();
  at(0, { networks: has('a', 'b') });
  for (let silent = 1_000; silent <= 120_000; silent += 1_000)
    expect(at(silent, {}, silent)).toEqual([]);
  expect(at(121_000)).toEqual([]);
});
