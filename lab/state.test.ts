import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LabState, parseState, readState, writeState } from './state.ts';

const state: LabState = {
  version: 1,
  name: 'lab',
  phase: 'starting',
  switchPid: null,
  hosts: [
    {
      ...{ name: 'h1', address: '10.99.0.1', role: 'manager', dir: '/l/h1', socket: '/l/h1/s' },
      ...{ pid: 7, engine: 'sid', engineEnv: { DOCKER_MIN_API_VERSION: '1.44' } },
    },
  ],
};

describe('parseState', () => {
  it('reads back what was written', () => {
    expect(parseState(JSON.stringify(state))).toEqual(state);
  });

  it.each(['', '{', '[]', 'null', '{"version":2}', '{"version":1,"name":"lab"}'])(
    'takes %j for no state',
    (text) => {
      expect(parseState(text)).toBeUndefined();
    },
  );
});

describe('the state file', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'castnet-state-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('is absent at first, then what was last written, with no draft beside it', async () => {
    expect(await readState(dir)).toBeUndefined();
    await writeState(dir, state);
    await writeState(dir, { ...state, phase: 'up' });
    expect(await readState(dir)).toEqual({ ...state, phase: 'up' });
    expect(await readdir(dir)).toEqual(['lab.json']);
  });

  it('counts as absent when it is cut off', async () => {
    await writeFile(join(dir, 'lab.json'), JSON.stringify(state).slice(0, 40));
    expect(await readState(dir)).toBeUndefined();
  });
});
