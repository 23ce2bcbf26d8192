import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Fact } from '../core/facts.ts';
import type { Knowledge } from './knowledge.ts';
import { KNOCK_MS, Legacy } from './legacy.ts';
import type { PeerView } from './swarm-link.ts';

const copy = (to: string): Fact => ({
  ...{ kind: 'copy', dev: 'cx8000001', mac: '01:00:5e:01:01:01', to },
});

const peer = (view: Partial<PeerView>): PeerView => ({
  ...{ address: '10.9.0.2', tunnel: '10.9.0.2', state: 'up', since: 0 },
  ...{ networks: new Map(), awaited: false, ...view },
});

const know = (...peers: PeerView[]): Knowledge =>
  ({
    node: 'me',
    swarm: { networks: new Map(), unanswered: new Set() },
    peers,
  }) as unknown as Knowledge;

let legacy: Legacy;
const onOver = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  onOver.mockClear();
  legacy = new Legacy(onOver);
});
afterEach(() => vi.useRealTimers());

describe('what an earlier agent left', () => {
  const left = [copy('10.9.0.2'), copy('10.9.0.3')];

  it('is nothing before the first look, and only what that one found', () => {
    expect(legacy.facts(know())).toEqual([]);
    legacy.found([copy('10.9.0.2')]);
    legacy.found(left);
    expect(legacy.facts(know())).toEqual([copy('10.9.0.2')]);
  });

  it('is outlived at once when all hosts that it leads to were heard', () => {
    legacy.found(left);
    const heard = know(peer({}), peer({ address: '10.9.0.3', tunnel: '10.9.0.3' }));
    expect(legacy.facts(heard)).toEqual([]);
    expect(legacy.facts(know())).toEqual([]);
  });

  it('waits for a host that Docker lists but that was not heard', () => {
    legacy.found(left);
    expect(legacy.facts(know(peer({ state: 'connecting' })))).toEqual(left);
    vi.advanceTimersByTime(10 * KNOCK_MS);
    expect(legacy.facts(know(peer({ state: 'connecting' })))).toEqual(left);
  });

  it('waits a while for a host that Docker does not list', () => {
    legacy.found(left);
    expect(legacy.facts(know(peer({})))).toEqual(left);
    vi.advanceTimersByTime(KNOCK_MS - 1);
    expect(legacy.facts(know(peer({})))).toEqual(left);
    expect(onOver).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onOver).toHaveBeenCalledTimes(1);
    expect(legacy.facts(know(peer({})))).toEqual([]);
  });
});
