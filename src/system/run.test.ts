import { expect, it } from 'vitest';
import { CommandError, mustRun, run, saidTooMuch } from './run.ts';

it('gives the input, and both outputs with the status', async () => {
  const argv = ['sh', '-c', 'cat; echo no >&2; exit 3'];
  expect(await run(argv, 'grüß Gott')).toEqual({
    ...{ status: 3, signal: null, late: false },
    ...{ stdout: 'grüß Gott', stderr: 'no\n' },
  });
});

it('a program that ends before it has read its input has a status, and no more', async () => {
  expect(await run(['false'], 'x'.repeat(1 << 20))).toMatchObject({ status: 1 });
});

it('kills a program whose time is over, and waits for no grandchild that keeps its pipes', async () => {
  const begun = performance.now();
  const argv = ['sh', '-c', 'sleep 20 & echo begun; wait'];
  const outcome = await run(argv, '', { timeoutMs: 300 });
  expect(outcome).toMatchObject({ status: null, signal: 'SIGKILL', late: true, stdout: 'begun\n' });
  expect(performance.now() - begun).toBeLessThan(5_000);
  await expect(mustRun(argv, '', { timeoutMs: 100 })).rejects.toThrow(/wait: no end after 100 ms$/);
});

it('a program that a signal ended was not late', async () => {
  expect(await run(['sh', '-c', 'kill -TERM $$'])).toMatchObject({
    ...{ status: null, signal: 'SIGTERM', late: false },
  });
});

it('one that says too much is an error', async () => {
  const flood = run(['sh', '-c', 'while :; do printf "%1000000s" x; done']);
  await expect(flood).rejects.toMatchObject({ code: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' });
});

it('one that cannot be started is an error that says so', async () => {
  const error = await run(['/nonexistent/program']).catch((it: unknown) => it);
  expect(error).toBeInstanceOf(CommandError);
  expect(error).toMatchObject({ code: 'ENOENT', status: null });
});

it('an end with a status is an error in the words of the program', async () => {
  await expect(mustRun(['sh', '-c', 'echo why >&2; exit 2'])).rejects.toMatchObject({
    ...{ status: 2, stderr: 'why\n', message: 'sh -c echo why >&2; exit 2: why' },
  });
});

it('a program that says more than is wanted of it is ended, and told apart from other failures', async () => {
  const failure = await run(['yes'], '', { outputMost: 1000 }).catch((error: unknown) => error);
  expect(saidTooMuch(failure)).toBe(true);
  const missing = await run(['/does/not/exist']).catch((error: unknown) => error);
  expect(saidTooMuch(missing)).toBe(false);
});
