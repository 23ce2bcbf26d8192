import { describe, expect, it } from 'vitest';
import { ownPath, parseHierarchies } from './cgroups.ts';

const HYBRID = `tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nsdelegate 0 0
`;
const UNIFIED = 'cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nsdelegate 0 0\n';

describe('parseHierarchies', () => {
  it('takes version 1 where both are mounted', () => {
    const found = parseHierarchies(HYBRID);
    expect(found.map((hierarchy) => hierarchy.mount)).toEqual([
      '/sys/fs/cgroup/cpu,cpuacct',
      '/sys/fs/cgroup/systemd',
    ]);
    expect(found.every((hierarchy) => !hierarchy.unified)).toBe(true);
  });

  it('takes version 2 where it is alone', () => {
    expect(parseHierarchies(UNIFIED)).toEqual([
      { mount: '/sys/fs/cgroup', unified: true, controllers: [] },
    ]);
  });
});

describe('ownPath', () => {
  const file = '3:name=systemd:/user\n2:cpu,cpuacct:/a:b\n1:memory:/m\n0::/v2\n';

  it('finds the hierarchy’s line, in version 1 by its controllers', () => {
    const [cpu, systemd] = parseHierarchies(HYBRID);
    expect(cpu && ownPath(file, cpu)).toBe('/a:b');
    expect(systemd && ownPath(file, systemd)).toBe('/user');
  });

  it('finds the line of version 2', () => {
    const [unified] = parseHierarchies(UNIFIED);
    expect(unified && ownPath(file, unified)).toBe('/v2');
  });

  it('is the root where the process is in no group of it', () => {
    expect(ownPath('', { mount: '/x', unified: false, controllers: ['pids'] })).toBe('/');
  });
});
