import { expect, it } from 'vitest';
import { controlApi } from './control.ts';

function agent() {
  const log = { level: 'info', info() {} };
  const app = controlApi({ log });
  const put = (body: string) => app.request('/v1/log-level', { method: 'PUT', body });
  return { log, app, put };
}

it('tells the log level and sets it', async () => {
  const { log, app, put } = agent();
  expect(await (await put('{"level":"debug"}')).json()).toEqual({ version: 1, level: 'debug' });
  expect(log.level).toBe('debug');
  const told = await app.request('/v1/log-level');
  expect(await told.json()).toEqual({ version: 1, level: 'debug' });
});

it.each(['{"level":"loud"}', '{}', 'nonsense', '{"level":3}'])('refuses %s', async (body) => {
  const { log, put } = agent();
  const answer = await put(body);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ hint: expect.stringContaining('debug, info') });
  expect(log.level).toBe('info');
});
