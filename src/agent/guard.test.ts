import { expect, it } from 'vitest';
import type { LocalEndpoint, LocalNetwork } from '../core/local.ts';
import { Guard } from './guard.ts';

const network: LocalNetwork = { id: 'net', vni: 8_000_001, options: { multicast: false } };
const endpoint = (id: string): LocalEndpoint => ({
  id,
  network: 'net',
  address: '10.0.0.2/24',
  mac: '',
});

/** As nft: a transaction that removes what is not there is refused whole. */
function nft() {
  const has = new Set<string>();
  const refused: string[] = [];
  return {
    has,
    refused,
    apply: async (script: string) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      const next = script.startsWith('table') ? new Set<string>() : new Set(has);
      for (const [, verb, element = ''] of script.matchAll(
        /^(add|delete) element bridge castnet (.*)$/gm,
      )) {
        if (verb === 'add') next.add(element);
        else if (!next.delete(element)) {
          refused.push(element);
          throw new Error('No such file or directory');
        }
      }
      has.clear();
      for (const it of next) has.add(it);
    },
  };
}

it('two updates at a time end with the rules of the last', async () => {
  const kernel = nft();
  let endpoints = [endpoint('aa')];
  const guard = new Guard({
    networks: () => [network],
    endpoints: () => endpoints,
    silenced: () => new Map(),
    table: { write: kernel.apply, read: async () => undefined },
    canLockPorts: async () => true,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await guard.loop.request();
  endpoints = [endpoint('bb')];
  const first = guard.loop.request();
  // Its transaction is under way when the next container comes.
  await new Promise((resolve) => setTimeout(resolve, 1));
  endpoints = [endpoint('cc')];
  await Promise.all([first, guard.loop.request()]);
  expect(kernel.refused).toEqual([]);
  expect([...kernel.has]).toEqual(['guarded { "cvcc" : jump guard-8000001 }']);
});

it('says that its rules are refused, until they are taken', async () => {
  let refuse = true;
  const guard = new Guard({
    networks: () => [network],
    endpoints: () => [],
    silenced: () => new Map(),
    table: {
      write: async () => {
        if (refuse) throw new Error('Operation not supported');
      },
      read: async () => undefined,
    },
    canLockPorts: async () => true,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await guard.loop.request();
  expect(guard.loop.problem).toBe('Operation not supported');
  refuse = false;
  await guard.loop.request();
  expect(guard.loop.problem).toBe('');
});
