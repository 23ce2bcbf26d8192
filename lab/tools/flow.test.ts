import { describe, expect, it } from 'vitest';
import { Flow } from './flow.ts';

function flowOf(...numbers: number[]): Flow {
  const flow = new Flow();
  for (const [index, number] of numbers.entries()) flow.take(number, 100 * (index + 1));
  return flow;
}

describe('Flow', () => {
  it('counts nothing as lost before the first packet that it hears', () => {
    expect(flowOf(7, 8, 9)).toMatchObject({ count: 3, lost: 0, since: 100, lastAt: 300 });
  });

  it('counts the numbers of a gap, and is whole again from the packet after it', () => {
    expect(flowOf(1, 2, 6, 7)).toMatchObject({ count: 4, lost: 3, since: 300, lastAt: 400 });
  });

  it('is whole all the while when its receiver was too busy to read', () => {
    const flow = new Flow(() => true);
    for (const number of [1, 2, 6]) flow.take(number, 100 * number);
    expect(flow).toMatchObject({ count: 3, lost: 3, since: 100, lastAt: 600 });
  });

  it('does not count a packet that comes late as lost', () => {
    expect(flowOf(1, 3, 2, 4)).toMatchObject({ count: 4, lost: 0, doubles: 0 });
  });

  it('counts what comes again, and not as a sign of life', () => {
    expect(flowOf(1, 2, 2)).toMatchObject({ count: 2, doubles: 1, lastAt: 200 });
  });

  it('forgets what is missing for long, so that its memory is bounded', () => {
    const flow = flowOf(1, 10_000);
    flow.take(2, 300);
    expect(flow).toMatchObject({ lost: 9_998, doubles: 1 });
    flow.take(9_999, 400);
    expect(flow).toMatchObject({ lost: 9_997, doubles: 1 });
  });
});
