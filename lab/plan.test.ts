import { describe, expect, it } from 'vitest';
import { UserError } from '../src/cli/output.ts';
import { cgroupName, checkLabName, labBase, labDirectory, planHosts } from './plan.ts';

describe('checkLabName', () => {
  it.each(['lab', 'a', 'x-1', '0', 'abcdefghijklmnopqrst'])('accepts %s', (name) => {
    expect(checkLabName(name)).toBe(name);
  });

  it.each(['', 'Lab', 'a b', '../etc', 'a_b', 'abcdefghijklmnopqrstu', 'a\n'])(
    'refuses %j and says what is accepted',
    (name) => {
      expect(() => checkLabName(name)).toThrow(UserError);
    },
  );
});

describe('labBase', () => {
  it('has a default, and takes CASTNET_LAB_DIR', () => {
    expect(labBase({})).toBe('/var/lib/castnet-lab');
    expect(labBase({ CASTNET_LAB_DIR: '' })).toBe('/var/lib/castnet-lab');
    expect(labBase({ CASTNET_LAB_DIR: '/srv/labs/' })).toBe('/srv/labs');
  });

  it('refuses a relative path', () => {
    expect(() => labBase({ CASTNET_LAB_DIR: 'labs' })).toThrow('absolute');
  });

  it('gives every lab a directory of its own', () => {
    expect(labDirectory('/srv/labs', 'two')).toBe('/srv/labs/two');
    expect(() => labDirectory('/srv/labs', '..')).toThrow(UserError);
  });
});

describe('cgroupName', () => {
  it('differs for one name in two places, and stays the same for one place', () => {
    expect(cgroupName('/a/lab')).not.toBe(cgroupName('/b/lab'));
    expect(cgroupName('/a/lab')).toBe(cgroupName('/a/lab'));
    expect(cgroupName('/a/lab')).toMatch(/^lab\.[0-9a-f]{8}$/);
  });
});

describe('planHosts', () => {
  it('numbers hosts from 1 and makes the first ones managers', () => {
    const hosts = planHosts('/l/lab', { hosts: 3, managers: 2 });
    expect(hosts.map(({ name, address, role }) => [name, address, role])).toEqual([
      ['h1', '10.99.0.1', 'manager'],
      ['h2', '10.99.0.2', 'manager'],
      ['h3', '10.99.0.3', 'worker'],
    ]);
    expect(hosts[0]).toMatchObject({ dir: '/l/lab/h1', socket: '/l/lab/h1/docker.sock' });
  });

  it('gives every host of the largest lab another address of the subnet', () => {
    const hosts = planHosts('/l/lab', { hosts: 250, managers: 3 });
    expect(new Set(hosts.map((host) => host.address)).size).toBe(250);
    expect(hosts.at(-1)?.address).toBe('10.99.0.250');
  });

  it.each([0, -1, 1.5, 251, Number.NaN])('refuses %s hosts', (hosts) => {
    expect(() => planHosts('/l/lab', { hosts, managers: 3 })).toThrow(UserError);
  });

  it('refuses a lab without managers', () => {
    expect(() => planHosts('/l/lab', { hosts: 3, managers: 0 })).toThrow('managers');
  });

  it('refuses a directory in which the socket’s path would be too long', () => {
    const deep = `/${'d'.repeat(100)}/lab`;
    expect(() => planHosts(deep, { hosts: 1, managers: 1 })).toThrow('107 bytes');
  });
});
