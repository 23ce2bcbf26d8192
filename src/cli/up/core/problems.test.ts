import { describe, expect, it } from 'vitest';
import { bareHost, docker, nodeHost, pluginFacts, RELEASE, wanted } from '../testing/facts.ts';
import type { HostFacts } from './facts.ts';
import { problemsOf } from './problems.ts';
import type { Wanted } from './wanted.ts';

const codes = (facts: readonly HostFacts[], wish: Partial<Wanted> = {}) =>
  problemsOf(facts, wanted(wish), RELEASE).map((it) => `${it.code} ${it.host}`);

const three = [bareHost(1), bareHost(2), bareHost(3)] as const;
const others = (third: HostFacts) => [three[0], three[1], third];

it('finds nothing wrong with three hosts that have nothing but Docker', () => {
  expect(codes(three)).toEqual([]);
});

describe('names the host and what is wrong with it', () => {
  it.each<[string, Partial<HostFacts>, RegExp]>([
    ['docker-version', docker({ version: '19.03', apiMost: '1.40' }), /19\.03.*API 1\.40/],
    ['platform', docker({ architecture: 'riscv64' }), /linux riscv64/],
    ['rootless', docker({ rootless: true }), /rootless/],
    ['disk-full', { free: 100e6 }, /100 MB free/],
    ['clock', { clockOffset: 3600 }, /60 min ahead/],
    ['clock', { clockOffset: -3 * 86_400 }, /72 h behind/],
    ['plugin-foreign', { plugin: pluginFacts({ version: undefined }) }, /not castnet's/],
    ['version-differs', { plugin: pluginFacts({ version: '0.0.9', build: 'x' }) }, /0\.0\.9/],
    ['version-differs', { plugin: pluginFacts({ build: 'x' }) }, /another build/],
    ['swarm-locked', { swarm: { ...bareHost(3).swarm, state: 'locked' } }, /locked/],
    ['swarm-error', { swarm: { ...bareHost(3).swarm, state: 'error', error: 'why' } }, /why/],
    ['twice', { boot: 'boot1' }, /h1 and h3 are one and the same host/],
    ['address-shared', { address: '10.0.0.1' }, /both have the address 10\.0\.0\.1/],
  ])('%s %j', (code, rest, what) => {
    const found = problemsOf(others(bareHost(3, rest)), wanted(), RELEASE);
    expect(found).toEqual([
      { code, host: 'h3', what: expect.stringMatching(what), remedy: expect.stringMatching(/./) },
    ]);
  });
});

it('lets containers of one machine be hosts, whose Engines differ', () => {
  const second = bareHost(2, { boot: 'boot1', ...docker({ id: 'another' }) });
  expect(codes([bareHost(1), second])).toEqual([]);
});

it('a clock is off where most others are not, whoever is named first', () => {
  expect(codes([bareHost(1, { clockOffset: 3600 }), bareHost(2)])).toEqual(['clock h1']);
  expect(codes(three.map((it) => ({ ...it, clockOffset: 30 })))).toEqual([]);
});

describe('the Swarm', () => {
  const lead = nodeHost(1, { role: 'manager', of: [1, 2] });
  it('takes hosts that are in one already', () => {
    expect(codes([lead, nodeHost(2, { role: 'worker', of: [] }), bareHost(3)])).toEqual([]);
  });
  it('names a host of another', () => {
    expect(codes([lead, nodeHost(7, { role: 'manager', of: [7] })])).toEqual(['swarm-other h7']);
  });
  it('wants one of its managers', () => {
    const found = problemsOf([nodeHost(2, { role: 'worker', of: [] })], wanted(), RELEASE);
    expect(found).toMatchObject([{ code: 'swarm-no-manager', remedy: /10\.0\.0\.1:2377/ }]);
  });
});

describe('what is installed', () => {
  const old = nodeHost(1, { role: 'manager', of: [1] }, { plugin: pluginFacts({ build: 'x' }) });
  it('may be another release when it is to be upgraded', () => {
    expect(codes([old], { upgrade: true })).toEqual([]);
  });
  it('must have the wanted settings, unless it was only half made', () => {
    const settings = { LOG_LEVEL: 'debug' };
    const has = (enabled: boolean) => [bareHost(1, { plugin: pluginFacts({ enabled }) })];
    expect(codes(has(true), { settings })).toEqual(['settings-differ h1']);
    expect(codes(has(true), { settings, upgrade: true })).toEqual([]);
    expect(codes(has(false), { settings })).toEqual([]);
  });
});

describe('the network', () => {
  const network = { name: 'shop', options: { ipv6: 'fd00::/64' } };
  it('needs IPv6 on every host where it has some', () => {
    expect(codes([bareHost(1, { ipv6: false })], { network })).toEqual(['no-ipv6 h1']);
    expect(codes([bareHost(1, { ipv6: false })], { network: { ...network, options: {} } })).toEqual(
      [],
    );
  });
  it('cannot have the name of another driver’s', () => {
    const overlay = { name: 'shop', driver: 'overlay', options: {} };
    const lead = nodeHost(1, { role: 'manager', of: [1] }, { networks: [overlay] });
    expect(codes([lead], { network })).toEqual(['network-taken h1']);
  });
});
