import { readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import type { NetworkCard } from '../contract/answers.ts';

/**
 * The network cards under interfaces: under a bond its members, under a VLAN the card that it is on, under
 * a bridge its ports, at any depth, by the kernel's links `lower_*` (net/core/dev.c,
 * netdev_adjacent_sysfs_add). An interface without a driver, as a veth, is none.
 * @param interfaces names; one that is not there has no cards
 * @returns sorted by name
 */
export function cardsUnder(interfaces: Iterable<string>, sysfs = '/sys/class/net'): NetworkCard[] {
  const found = new Map<string, string>();
  const seen = new Set<string>();
  const look = (dev: string): void => {
    if (seen.has(dev)) return;
    seen.add(dev);
    const driver = driverOf(`${sysfs}/${dev}`);
    if (driver !== undefined) found.set(dev, driver);
    for (const lower of lowersOf(`${sysfs}/${dev}`)) look(lower);
  };
  for (const it of interfaces) look(it);
  return [...found].sort().map(([dev, driver]) => ({ dev, driver }));
}

function driverOf(path: string): string | undefined {
  try {
    return basename(readlinkSync(`${path}/device/driver`));
  } catch {
    return undefined;
  }
}

function lowersOf(path: string): string[] {
  try {
    return readdirSync(path).flatMap((it) => /^lower_(.+)$/.exec(it)?.[1] ?? []);
  } catch {
    return [];
  }
}
