import { describe, expect, it } from 'vitest';
import { commandsFor, withoutIpv6 } from './commands.ts';

it('keeps a device from IPv6 only where the kernel has it and the MTU allows it', () => {
  expect(withoutIpv6('cx1', 1450, true)).toMatchObject([
    { line: 'link set dev cx1 addrgenmode none' },
  ]);
  expect(withoutIpv6('cx1', 1230, true)).toEqual([]);
  expect(withoutIpv6('cx1', 1450, false)).toEqual([]);
});

it('the socket of an encrypted network’s tunnel is made beside WireGuard, every other’s on the host', () => {
  const fact = (dev: string) =>
    ({
      ...({ kind: 'vxlan', dev, bridge: 'cb8000001', local: '10.9.0.1', port: 4789 } as const),
      ...{ mtu: 1390, settled: true },
    }) as const;
  const made = (dev: string) => commandsFor({ action: 'add', fact: fact(dev) })[0];
  expect(made('ce8000001')).toMatchObject({ where: 'wireguard' });
  expect(made('ce8000001')?.line).toContain('id 8000001 local 10.9.0.1');
  expect(made('cx8000001')).toMatchObject({ where: 'host' });
  expect(made('ce8000001')?.line).not.toContain('noudpcsum');
  expect(made('cx8000001')?.line).toContain('noudpcsum');
});

describe('the host’s own link', () => {
  const link = {
    kind: 'host-link',
    dev: 'castnet8000001',
    port: 'cv1',
    mac: '02:42:0a:00:09:fa',
    addresses: '10.0.9.250/24',
    mtu: 1450,
    settled: true,
  } as const;

  it('is made with its port, which may be left of one before', () => {
    const lines = commandsFor({ action: 'add', fact: link });
    expect(lines[0]).toMatchObject({ where: 'castnet', line: 'link del dev cv1', mayFail: true });
    expect(lines[1]?.line).toMatch(
      /^link add dev cv1 .* peer name castnet8000001 .* netns \/proc\//,
    );
    expect(lines.slice(-2)).toEqual([
      { tool: 'ip', where: 'host', line: 'address replace 10.0.9.250/24 dev castnet8000001 brd +' },
      { tool: 'ip', where: 'host', line: 'link set dev castnet8000001 up' },
    ]);
  });

  it('stays where only its address or MTU is another, so that what it has joined stays', () => {
    const was = { ...link, addresses: '', mtu: 1300 };
    const lines = commandsFor({ action: 'replace', fact: link, was }).map((it) => it.line);
    expect(lines.join()).not.toMatch(/link (add|del)/);
    const other = { ...link, port: 'cv2' };
    const anew = commandsFor({ action: 'replace', fact: link, was: other }).map((it) => it.line);
    expect(anew.join()).toMatch(/link del dev castnet8000001.*link add dev cv1/);
  });

  it('may be gone already when it is removed', () => {
    expect(commandsFor({ action: 'remove', fact: link })).toMatchObject([{ mayFail: true }]);
  });
});
