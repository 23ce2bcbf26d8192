import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cardsUnder } from './network-cards.ts';

let sysfs: string;

beforeEach(() => {
  sysfs = mkdtempSync(join(tmpdir(), 'castnet-'));
  card('ens192', 'vmxnet3');
  card('ens224', 'vmxnet3');
  card('eth0', 'virtio_net');
  virtual('bond0', 'ens192', 'ens224');
  virtual('bond0.7', 'bond0');
  virtual('br-lan', 'eth0', 'veth1');
  virtual('veth1', 'br-lan');
});
afterEach(() => rmSync(sysfs, { recursive: true }));

function card(dev: string, driver: string): void {
  mkdirSync(join(sysfs, dev, 'device'), { recursive: true });
  symlinkSync(`../../../bus/pci/drivers/${driver}`, join(sysfs, dev, 'device/driver'));
}

function virtual(dev: string, ...lowers: string[]): void {
  mkdirSync(join(sysfs, dev));
  for (const it of lowers) symlinkSync(`../${it}`, join(sysfs, dev, `lower_${it}`));
}

it.each<[string, string[], string[]]>([
  ['a card itself', ['ens192'], ['ens192 vmxnet3']],
  ['a VLAN over a bond', ['bond0.7'], ['ens192 vmxnet3', 'ens224 vmxnet3']],
  ['a bridge with a container’s veth', ['br-lan'], ['eth0 virtio_net']],
  ['two ways', ['eth0', 'bond0'], ['ens192 vmxnet3', 'ens224 vmxnet3', 'eth0 virtio_net']],
  ['an interface that is not there', ['wg0'], []],
])('finds the cards under %s', (_what, interfaces, cards) => {
  const found = cardsUnder(interfaces, sysfs);
  expect(found.map((it) => `${it.dev} ${it.driver}`)).toEqual(cards);
});
