import { expect, it } from 'vitest';
import type { NetworkRecord } from '../core/records.ts';
import { Absences } from './absences.ts';
import type { Knowledge } from './knowledge.ts';
import type { PeerView } from './swarm-link.ts';

const record: NetworkRecord = { vni: 8_000_001, endpoints: [], groups: [] };
const has = (...ids: string[]): PeerView['networks'] => new Map(ids.map((id) => [id, record]));

/** This host is on networks a and b; Docker lists both hosts for both, and 10.9.0.9 for b alone. */
const knowing = (peer: Partial<PeerView>): Knowledge => {
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

it('a host that Docker lists and that has nothing of a network is told after a minute', () => {
  let now = 0;
  const absences = new Absences(() => now);
  expect(absences.look(knowing({}))).toEqual([]);
  now = 59_000;
  expect(absences.look(knowing({}))).toEqual([]);
  now = 60_000;
  expect(absences.look(knowing({}))).toEqual(['10.9.0.2 has nothing of network net-b']);
  expect(absences.look(knowing({ networks: has('a', 'b') }))).toEqual([]);
  expect(absences.look(knowing({}))).toEqual([]);
});

it.each<Partial<PeerView>>([{ awaited: true }, { state: 'agent-down' }, { address: '10.9.0.3' }])(
  'one that has not spoken of all, does not speak, or is not listed is not: %o',
  (peer) => {
    let now = 0;
    const absences = new Absences(() => now);
    absences.look(knowing(peer));
    now = 3_600_000;
    expect(absences.look(knowing(peer))).toEqual([]);
  },
);
