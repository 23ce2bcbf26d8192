import type { Outcome } from '../../../system/run.ts';
import type { Problem } from '../core/facts.ts';
import type { Target } from '../core/wanted.ts';

/** What ssh and sudo say when they do not let us in, and what to do about it. First match first. */
const KNOWN: readonly {
  readonly says: RegExp;
  readonly code: string;
  readonly what: string;
  readonly remedy: (by: string) => string;
}[] = [
  {
    says: /sudo: (a password is required|a terminal is required|interactive authentication is required|.*is not in the sudoers)|sorry, you must have a tty/i,
    code: 'sudo',
    what: 'the user is not root, and sudo asks for a password',
    remedy: (by) =>
      `Let that user use sudo without one (NOPASSWD), or name root: this must ask nothing: ${by} sudo -n true`,
  },
  {
    says: /sudo.*(not found|no such file|permission denied)/i,
    code: 'sudo',
    what: 'the user is not root, and there is no sudo',
    remedy: () =>
      'Name root (root@HOST), or install sudo there and let the user use it without a password.',
  },
  {
    says: /host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/i,
    code: 'ssh-host-key',
    what: 'ssh does not know its host key, or knows another',
    remedy: (by) => `Connect once by hand and compare the key: ${by}`,
  },
  {
    says: /permission denied|too many authentication failures|no more authentication methods/i,
    code: 'ssh-refused',
    what: 'ssh is not let in by a key, and castnet answers no password prompt',
    remedy: (by) =>
      `Give it a key, or add it to your agent (ssh-add), until this asks nothing: ${by} true`,
  },
  {
    says: /could not resolve hostname|name or service not known/i,
    code: 'ssh-unknown',
    what: 'there is no host of that name',
    remedy: () => 'Check how it is written; names come from your ssh config and from DNS.',
  },
  {
    says: /connection refused/i,
    code: 'unreachable',
    what: 'nothing listens at its ssh port',
    remedy: () => 'Start sshd there, or name its port: HOST:PORT.',
  },
  {
    says: /timed out|no route to host|unreachable|connection (closed|reset)|lost connection|broken pipe/i,
    code: 'unreachable',
    what: 'ssh does not reach it',
    remedy: (by) => `Look whether it is up, and try: ${by}`,
  },
];

/** Of a script that did not run to its end. */
export function unreached(target: Target, { stderr, status, late }: Outcome): Problem {
  const { name, user, host, port } = target;
  const by = `ssh ${port === undefined ? '' : `-p ${port} `}${user === undefined ? '' : `${user}@`}${host}`;
  const said = stderr.trim().split('\n').at(-1) ?? '';
  const about = { host: name } as const;
  if (late) {
    return {
      ...about,
      code: 'unreachable',
      what: `${name} does not answer in time`,
      remedy: `Look whether it hangs: ${by}; there: docker info`,
    };
  }
  const found = KNOWN.find((it) => it.says.test(stderr));
  if (found !== undefined) {
    const { code, what, remedy } = found;
    return { ...about, code, what: `${name}: ${what} (${said})`, remedy: remedy(by) };
  }
  return {
    ...about,
    code: 'unreachable',
    what: `${name}: ${said || `ssh ended with status ${status}`}`,
    remedy: `Try it by hand: ${by}`,
  };
}
