import type { Outcome } from '../../../system/run.ts';
import type { Helper } from '../hosts/helper.ts';
import type { Member } from '../session.ts';
import { parseTarget } from '../target.ts';
import { bareHost } from './facts.ts';

export interface FakeMemberInput {
  /** Answers Docker's API: the method and the path, as `GET /info`. */
  readonly api?: (request: string) => { status: number; body?: unknown };
  /** Answers a command of the host's shell. */
  readonly run?: (script: string) => Partial<Outcome>;
}

/** A host that was looked at, whose Engine answers as told. */
export function fakeMember({ api, run }: FakeMemberInput): Member {
  const target = parseTarget('h1');
  const helper = {
    call: async ({ method, path }: { method: string; path: string }) => {
      const { status, body } = api?.(`${method} ${path}`) ?? { status: 404 };
      return { status, text: body === undefined ? '' : JSON.stringify(body) };
    },
  } as unknown as Helper;
  const host = {
    name: 'h1',
    target,
    run: async (script: string) => ({ status: 0, stdout: '', stderr: '', ...run?.(script) }),
  } as unknown as Member['host'];
  return { host, helper, facts: bareHost(1), rootfs: '/plugin/rootfs' };
}
