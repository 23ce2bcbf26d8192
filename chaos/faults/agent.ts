/** Faults of the agent: the kernel forwards without it, so nothing may be lost. */
import { rm } from 'node:fs/promises';
import { agentPid, killAgent } from '../../lab/kit/agent.ts';
import { ROOT } from '../../lab/kit/containers.ts';
import { nextPackage, upgradeFrom } from '../../lab/kit/next-package.ts';
import { type Fault, pause } from './fault.ts';

export const killed: Fault = {
  name: 'agent killed',
  victims: 'any',
  lossless: true,
  rests: true,
  inflict: async (_, victim) => {
    const since = Date.now();
    await killAgent(victim, { withinMs: 30_000 });
    return since;
  },
};

export const stopped: Fault = {
  name: 'agent stopped for 20 s',
  victims: 'any',
  lossless: true,
  inflict: async (site, victim) => {
    const pid = String(await agentPid(victim));
    await victim.exec(['kill', '-STOP', pid]);
    await pause(20_000, site);
    await victim.exec(['kill', '-CONT', pid]);
    return Date.now();
  },
};

export const disabled: Fault = {
  name: 'plugin disabled and enabled',
  victims: 'any',
  lossless: true,
  rests: true,
  inflict: async (site, victim) => {
    await victim.docker(['plugin', 'disable', '-f', 'castnet:latest']);
    await pause(5_000, site);
    await victim.docker(['plugin', 'enable', 'castnet:latest'], { timeoutMs: 60_000 });
    return Date.now();
  },
};

/** To another build, or back where an earlier turn has put that one. */
export const upgraded: Fault = {
  name: 'plugin upgraded',
  victims: 'any',
  lossless: true,
  rests: true,
  inflict: async (_, victim) => {
    const next = await nextPackage();
    try {
      const said = await upgradeFrom(next, victim);
      if (said.includes('Nothing to do')) await upgradeFrom(ROOT, victim);
    } finally {
      await rm(next, { recursive: true, force: true });
    }
    return Date.now();
  },
};
