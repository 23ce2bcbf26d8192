import { expect, it } from 'vitest';
import { Informant } from './informant.ts';
import type { PeerView } from './swarm-link.ts';

const MANAGERS = ['10.9.0.1', '10.9.0.2'];
const peer = (address: string, change: Partial<PeerView> = {}): PeerView => ({
  ...{ address, state: 'up', since: 0, networks: new Map(), awaited: false },
  ...change,
});
const manager = (address: string) => peer(address, { nodes: new Set(['a', 'b']) });

const NETWORK = { id: 'n', name: 'n', hosts: [], containers: new Map() };

function worker(nodes?: ReadonlySet<string>, networks = new Map([['n', NETWORK]])) {
  const met: string[] = [];
  let views: PeerView[] = [];
  const informant = new Informant({
    sessions: () => ({ node: 'own', views: () => views }),
    swarm: () => ({
      ...{ networks, unanswered: new Set<string>() },
      ...(nodes === undefined ? {} : { nodes }),
    }),
    meet: (it) => met.push(it),
  });
  return {
    look(...peers: PeerView[]): string[] {
      views = peers;
      met.length = 0;
      informant.look(MANAGERS);
      return [...met];
    },
  };
}

it('a worker that no manager tells of the nodes meets one, and stays with the one that tells', () => {
  const { look } = worker();
  const [first = ''] = look(peer('10.9.0.7'));
  expect(MANAGERS).toContain(first);
  expect(look(manager(first))).toEqual([first]);
  expect(look(manager(first), peer('10.9.0.7'))).toEqual([first]);
});

it('meets another one when that tells nothing', () => {
  const { look } = worker();
  const [first = ''] = look();
  const [second = ''] = look(peer(first, { state: 'silent' }));
  expect(second).not.toBe(first);
  expect(look(manager(second))).toEqual([second]);
});

it('leaves it to a manager with which it shares a network', () => {
  const { look } = worker();
  const [first = ''] = look();
  const other = MANAGERS.find((it) => it !== first) ?? '';
  expect(look(manager(first), manager(other))).toEqual([]);
});

it('a manager needs none, nor who has no network', () => {
  expect(worker(new Set(['own'])).look()).toEqual([]);
  expect(worker(undefined, new Map()).look()).toEqual([]);
});
