import { expect, test, vi } from 'vitest';
import type { Step } from '../core/forwarding/difference.ts';
import { Timings } from './timings.ts';

const sends: Step = {
  action: 'add',
  fact: { kind: 'member', bridge: 'cb1', dev: 'cx1', group: '239.0.0.1', settled: true },
};
const other: Step = {
  action: 'add',
  fact: { kind: 'port', dev: 'cva', bridge: 'cb1', settled: true },
};

const measures = () => ({ looked: vi.fn(), changed: vi.fn(), told: vi.fn(), forwarded: vi.fn() });

test('a join is timed once, from the earliest event to the telling', () => {
  const found = measures();
  const timings = new Timings(found);
  timings.told();
  timings.joined();
  timings.joined();
  timings.told();
  timings.told();
  expect(found.told).toHaveBeenCalledOnce();
});

test('forwarding is timed when what was heard made the kernel send a group', async () => {
  const found = measures();
  const timings = new Timings(found);
  const work = async (steps: Step[]) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    timings.changed(1, steps, 0);
  };
  await timings.heard(work([other]));
  expect(found.forwarded).not.toHaveBeenCalled();
  await timings.heard(work([other, sends]));
  expect(found.forwarded).toHaveBeenCalledOnce();
  // A timer counts from when its loop last looked at the clock: on a busy machine it seems early.
  expect(found.forwarded.mock.calls[0]?.[0]).toBeGreaterThan(0);
  await timings.heard(Promise.resolve());
  expect(found.forwarded).toHaveBeenCalledOnce();
});
