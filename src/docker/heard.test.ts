import { expect, it } from 'vitest';
import { type Engine, EngineError } from './engine.ts';
import { heardEngine } from './heard.ts';

const hear = async (get: Engine['get']): Promise<string> => {
  let said = '';
  const engine = heardEngine(
    { get, events: () => ({ close: () => {} }) },
    {
      onAnswer: () => {
        said = 'answer';
      },
      onSilence: (reason) => {
        said = `silence: ${reason}`;
      },
    },
  );
  await engine.get('/nodes').catch(() => {});
  return said;
};

const refuse = (status: number) => async () => {
  throw new EngineError('its words', status);
};

it.each([
  ['an answer', async () => [], 'answer'],
  ['a worker’s refusal', refuse(503), 'answer'],
  ['a network that is gone', refuse(404), 'answer'],
  ['a socket without an Engine', refuse(0), 'silence: its words'],
  ['a version that the Engine refuses', refuse(400), 'silence: its words'],
] as const)('%s', async (_, get, said) => {
  expect(await hear(get)).toBe(said);
});
