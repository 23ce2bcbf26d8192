import { expect, it } from 'vitest';
import { parseTarget } from '../target.ts';
import { unreached } from './unreached.ts';

const outcome = (stderr: string, rest = {}) => ({
  ...{ status: 255, signal: null, late: false, stdout: '', stderr },
  ...rest,
});

it.each([
  ['me@h1: Permission denied (publickey,password).', 'ssh-refused', /ssh-add/],
  ['Host key verification failed.', 'ssh-host-key', /ssh -p 22 me@h1/],
  ['ssh: Could not resolve hostname h1: Name or service not known', 'ssh-unknown', /DNS/],
  ['ssh: connect to host h1 port 22: Connection refused', 'unreachable', /sshd/],
  ['ssh: connect to host h1 port 22: Connection timed out', 'unreachable', /ssh -p 22 me@h1/],
  ['sudo: a password is required', 'sudo', /NOPASSWD/],
  // sudo-rs, of Ubuntu from 25.10 on.
  ['sudo: interactive authentication is required', 'sudo', /NOPASSWD/],
  ['sh: 1: exec: sudo: Permission denied', 'sudo', /root@HOST/],
  ['sh: 1: exec: sudo: not found', 'sudo', /root@HOST/],
  ['kex_exchange_identification: something else', 'unreachable', /by hand/],
])('%s', (said, code, remedy) => {
  const found = unreached(parseTarget('me@h1:22'), outcome(said));
  expect(found).toMatchObject({ code, host: 'me@h1:22', remedy: expect.stringMatching(remedy) });
  expect(found.what).toContain(said);
});

it('a host that hangs', () => {
  expect(unreached(parseTarget('h1'), outcome('', { late: true, status: null }))).toMatchObject({
    what: 'h1 does not answer in time',
  });
});
