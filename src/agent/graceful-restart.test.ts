import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Fact } from '../core/forwarding/facts.ts';
import { GracefulRestart, SUBSCRIBE_MS } from './graceful-restart.ts';
import type { Knowledge } from './knowledge.ts';
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

let restart: GracefulRestart;
const onOver = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  onOver.mockClear();
  restart = new GracefulRestart(onOver);
});
afterEach(() => vi.useRealTimers());

describe('what an earlier agent left', () => {
  const left = [copy('10.9.0.2'), copy('10.9.0.3')];

  it('is nothing before the first look, and only what that one found', () => {
    expect(restart.facts(know())).toEqual([]);
    restart.found([copy('10.9.0.2')]);
    restart.found(left);
    expect(restart.facts(know())).toEqual([copy('10.9.0.2')]);
  });

  it('is complete at once when all hosts that it leads to were heard', () => {
    restart.found(left);
    const heard = know(peer({}), peer({ address: '10.9.0.3', tunnel: '10.9.0.3' }));
    expect(restart.facts(heard)).toEqual([]);
    expect(restart.facts(know())).toEqual([]);
  });

  it('waits for a host that Docker lists but that was not heard', () => {
    restart.found(left);
    expect(restart.facts(know(peer({ state: 'connecting' })))).toEqual(left);
    vi.advanceTimersByTime(10 * SUBSCRIBE_MS);
    expect(restart.facts(know(peer({ state: 'connecting' })))).toEqual(left);
  });

  it('waits a while for a host that Docker does not list', () => {
    restart.found(left);
    expect(restart.facts(know(peer({})))).toEqual(left);
    vi.advanceTimersByTime(SUBSCRIBE_MS - 1);
    expect(restart.facts(know(peer({})))).toEqual(left);
    expect(onOver).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onOver).toHaveBeenCalledTimes(1);
    expect(restart.facts(know(peer({})))).toEqual([]);
  });
});
