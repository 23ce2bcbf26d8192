import { expect, it } from 'vitest';
import { networksCheck, networksOf } from './networks.ts';

const listed = (Name: string, Driver: string, Scope = 'swarm'): string =>
  JSON.stringify({ ID: Name, Name, Driver, Scope, Labels: '' });

/** What Docker (20.10) says of a network that the Swarm could not allocate: no driver, no options. */
const LIST = [
  listed('mynet', 'castnet:latest'),
  listed('bad', ''),
  listed('a`b`', ''),
  listed('none', 'null', 'local'),
  listed('ingress', 'overlay'),
].join('\n');

it('a network whose options were refused is named, with where the reason is', async () => {
  const asked: string[] = [];
  const found = await networksOf(async (args) => {
    asked.push(args.slice(0, 3).join(' '));
    return args[1] === 'ls' ? LIST : '"mynet" "8000001"\n';
  }, 'castnet:latest');
  expect(asked).toEqual(['network ls --no-trunc', 'network inspect mynet']);
  expect(found).toEqual({
    usable: [{ name: 'mynet', vni: 8_000_001 }],
    refused: ['bad', 'a`b`'],
  });
  const { findings, detail } = networksCheck(found);
  expect(detail).toBe('mynet');
  expect(findings.map((it) => `${it.severity} ${it.code}`)).toEqual(
    Array(2).fill('error network-refused'),
  );
  expect(findings[0]?.what).toContain('network bad is there');
  expect(findings[0]?.remedy).toContain('docker network rm bad');
  expect(findings[1]?.remedy).toContain('docker network rm NETWORK');
});

it('is well where there is none', async () => {
  const found = await networksOf(async () => '', 'castnet:latest');
  expect(networksCheck(found)).toMatchObject({ detail: 'none yet', findings: [] });
});
