import { expect, it } from 'vitest';
import { GROUPS_LANDMARK, GROUPS_TABLE, groupsTable } from './untracked-groups.ts';

it('has groups of both families untracked in both directions, before anything is tracked', () => {
  const script = groupsTable(true);
  expect(script.match(/hook (prerouting|output) priority -300/g)).toHaveLength(2);
  expect(script.split(GROUPS_LANDMARK)).toHaveLength(3);
  expect(script.split('ip6 daddr ff00::/8 notrack')).toHaveLength(3);
});

it('takes away what an earlier agent wrote, whether it is there or not', () => {
  expect(groupsTable(false)).toBe(`table ${GROUPS_TABLE} { }\ndelete table ${GROUPS_TABLE}\n`);
  expect(groupsTable(true)).toMatch(/^table .* \{ \}\ndelete table /);
});
