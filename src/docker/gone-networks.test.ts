import { expect, it, onTestFinished, vi } from 'vitest';
import { EngineError } from './engine.ts';
import { watchGoneNetworks } from './gone-networks.ts';

const INTERVAL_MS = 60_000;

/** @param answers what the Engine lists at each look; an Error: how it refuses */
async function looks(kept: string[], answers: (readonly string[] | Error | unknown)[]) {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const [gone, unread]: [string[], string[]] = [[], []];
  const get = vi.fn(async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return Array.isArray(answer) ? answer.map((Id) => ({ Id })) : answer;
  });
  const watch = watchGoneNetworks({
    engine: { get },
    kept: () => kept.filter((it) => !gone.includes(it)),
    onGone: (id) => void gone.push(id),
    onUnread: (reason) => void unread.push(reason),
    intervalMs: INTERVAL_MS,
  });
  await vi.advanceTimersByTimeAsync(INTERVAL_MS * answers.length);
  watch.close();
  return { gone, unread, asked: get.mock.calls.length };
}

it('a network that was removed while another host led the Swarm is gone after two looks', async () => {
  expect((await looks(['a', 'b'], [['a']])).gone).toEqual([]);
  expect((await looks(['a', 'b'], [['a'], ['a'], ['a']])).gone).toEqual(['b']);
});

it('one that is missed once, as while there is no leader, stays', async () => {
  expect((await looks(['a'], [[], ['a'], [], ['a']])).gone).toEqual([]);
});

it('a silent Engine says nothing, and what cannot be read is told', async () => {
  const silent = new EngineError('connect ENOENT', 0);
  const { gone, unread } = await looks(['a'], [[], silent, 'nonsense']);
  expect(gone).toEqual([]);
  expect(unread).toHaveLength(1);
});

it('asks nothing where nothing is kept', async () => {
  expect((await looks([], [[], []])).asked).toBe(0);
});
