import { expect, it } from 'vitest';
import { FEATURES, featureRemedy, MODULES } from './features.ts';

it('each feature says what it is for, and what helps where it misses', () => {
  for (const feature of FEATURES) {
    expect(feature.why, feature.name).not.toBe('');
    expect(featureRemedy(feature), feature.name).toMatch(/^(modprobe|Run Linux|Look for) ?/);
  }
  expect(new Set(FEATURES.map((it) => it.name)).size).toBe(FEATURES.length);
  expect(MODULES).toEqual(
    expect.arrayContaining(['vxlan', 'nft_numgen', 'nft_chain_nat', 'nft_ct']),
  );
});

it('the tables tried are those that the agent writes, so what they use has a feature of its own', () => {
  const single = FEATURES.filter((it) => !it.name.startsWith('the rules')).map((it) => it.script);
  const whole = FEATURES.filter((it) => it.name.startsWith('the rules')).map((it) => it.script);
  for (const words of [
    'numgen',
    'dnat to',
    'ct original zone set',
    'reject with',
    'limit rate',
    'fib saddr',
  ]) {
    expect(whole.join(), words).toContain(words);
    expect(single.join(), words).toContain(words);
  }
});
