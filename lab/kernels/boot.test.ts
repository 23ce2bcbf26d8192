import { describe, expect, it } from 'vitest';
import { Unreachable } from '../engines/suite.ts';
import { type Boot, planBoots, runBoot, summary } from './boot.ts';
import type { RunGuest } from './guest.ts';
import type { Kernel } from './kernel.ts';

const KERNEL: Kernel = {
  ...{ suite: 'sid', release: '7.2.13', version: '7.2.13-1' },
  ...{ image: '/k/vmlinuz', modules: '/k/modules', busybox: '/k/busybox' },
};
const BOOT: Boot = { suite: 'sid', parameters: [], cpu: 'Nehalem', steps: ['lab', 'demo'] };

/** A boot whose guest does as told. */
function booted(guest: (options: RunGuest) => Promise<void>, said: string[] = []) {
  const stop = new AbortController();
  return runBoot(BOOT, {
    about: { engine: '20.10.24', castnet: '0.1.0', when: '2026-11-27' },
    ...{ fresh: false, output: '/o', say: (line: string) => said.push(line), signal: stop.signal },
    open: async () => KERNEL,
    guest: (options) => guest(options),
  });
}

const passed = (step: string) => JSON.stringify({ step, status: 'passed', seconds: 2 });

describe('runBoot', () => {
  it('takes what the guest reports and nothing else it says', async () => {
    const result = await booted(async ({ onLine }) => {
      for (const line of ['{"begin":"lab"}', passed('lab'), 'Oops', passed('demo')]) onLine(line);
    });
    expect(result.steps.map(({ step, status }) => `${step} ${status}`)).toEqual([
      'lab passed',
      'demo passed',
    ]);
    expect(result.release).toBe('7.2.13');
  });

  it.each([
    ['ends early', async () => {}, 'the guest ended before it; see /o/kernel-sid.log'],
    ['hangs', () => Promise.reject(new Error('it hung')), 'it hung'],
  ])('a guest that %s fails the steps that it has not reported', async (_what, end, why) => {
    const result = await booted(async ({ onLine }) => {
      onLine(passed('lab'));
      await end();
    });
    expect(result.steps[1]).toEqual({ step: 'demo', status: 'failed', seconds: 0, why });
    expect(summary(result.steps)).toEqual({ line: '1 passed, 1 failed', good: false });
  });

  it('a suite that cannot be had is named and skipped, and boots nothing', async () => {
    const said: string[] = [];
    const result = await runBoot(BOOT, {
      about: { engine: '20.10.24', castnet: '0.1.0', when: '2026-11-27' },
      ...{ fresh: false, output: '/o', say: (line) => said.push(line) },
      signal: new AbortController().signal,
      open: () => Promise.reject(new Unreachable('sid', 'no mirror')),
      guest: () => Promise.reject(new Error('booted')),
    });
    expect(result.release).toBeUndefined();
    expect(result.steps.map(({ step, status }) => `${step} ${status}`)).toEqual([
      'lab skipped',
      'demo skipped',
    ]);
    expect(said.join('\n')).toMatch(/^sid: skipped, .*no mirror/);
    expect(summary(result.steps)).toEqual({ line: '0 passed, 0 failed, 2 skipped', good: false });
  });
});

describe('planBoots', () => {
  it('boots every suite, and one without IPv6, or only what is named', () => {
    const names = (boots: Boot[]) => boots.map((it) => [it.suite, ...it.parameters].join(' '));
    expect(names(planBoots([]))).toEqual(['bookworm', 'trixie', 'sid', 'bookworm ipv6.disable=1']);
    expect(names(planBoots(['sid', 'no-ipv6']))).toEqual(['sid', 'bookworm ipv6.disable=1']);
  });

  it('measures on two processors, in boots that do nothing else', () => {
    const boots = planBoots(['sid'], { speed: true });
    expect(boots.map((it) => it.cpu)).toEqual(['Nehalem', 'max,-erms,-fsrm']);
    expect(boots.flatMap((it) => it.steps)).toContain('speed');
    expect(planBoots([], { speed: true }).map((it) => it.suite)).toEqual(
      ['bookworm', 'trixie', 'sid'].flatMap((it) => [it, it]),
    );
    expect(planBoots([]).flatMap((it) => it.steps)).not.toContain('speed');
  });

  it.each(['buster', '', 'SID'])('refuses %j and says what there is', (name) => {
    expect(() => planBoots([name])).toThrow(`there is no kernel "${name}"`);
  });
});
