import { expect, it } from 'vitest';
import { networksCheck, networksOf } from './networks.ts';

const docker = async ([, what]: readonly string[]): Promise<string> =>
  what === 'ls' ? 'n1\nn2\nn3\n' : '"mynet" "8000001"\n"bad" ""\n"a`b`" ""\n';

it('a network whose options were refused is named, with where the reason is', async () => {
  const found = await networksOf(docker, 'castnet:latest');
  expect(found).toEqual({
    usable: [{ name: 'mynet', vni: 8_000_001 }],
    refused: ['bad', 'a`b`'],
  });
  const { findings, detail } = networksCheck(found);
  expect(detail).toBe('mynet');
  expect(findings.map((it) => `${it.severity} ${it.code}`)).toEqual(
    Array(2).fill('error network-refused'),
  );
  expect(findings[0]?.what).toContain('network bad has no VXLAN network id');
  expect(findings[0]?.remedy).toContain('docker network rm bad');
  expect(findings[1]?.remedy).toContain('docker network rm NETWORK');
});

it('is well where there is none', async () => {
  const found = await networksOf(async () => '', 'castnet:latest');
  expect(networksCheck(found)).toMatchObject({ detail: 'none yet', findings: [] });
});
