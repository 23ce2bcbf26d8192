import { describe, expect, it } from 'vitest';
import { checkTargets, parseTarget } from './target.ts';

describe('parseTarget', () => {
  it.each([
    ['host1', { host: 'host1', user: undefined, port: undefined }],
    ['root@host1', { host: 'host1', user: 'root', port: undefined }],
    ['me@10.0.0.1:2222', { host: '10.0.0.1', user: 'me', port: 2222 }],
    ['fd00::1', { host: 'fd00::1', user: undefined, port: undefined }],
    ['root@[fd00::1]:22', { host: 'fd00::1', user: 'root', port: 22 }],
    ['root@[fe80::1%eth0]', { host: 'fe80::1%eth0', user: 'root', port: undefined }],
  ])('reads %s', (text, parts) => {
    expect(parseTarget(text)).toMatchObject({ name: text, here: false, ...parts });
  });

  it.each(['localhost', '127.0.0.1', '::1'])('takes %s for this machine', (text) => {
    expect(parseTarget(text).here).toBe(true);
  });

  it('goes to localhost by ssh where a user or port is named', () => {
    expect(parseTarget('root@localhost').here).toBe(false);
    expect(parseTarget('localhost:2222').here).toBe(false);
  });

  it.each(['', '@h', 'h:', '-oProxyCommand=x', 'a b', 'h;reboot', '-l@h', 'h/x'])(
    'refuses "%s" and says what is accepted',
    (text) => {
      expect(() => parseTarget(text)).toThrow(expect.objectContaining({ exitCode: 2 }));
    },
  );

  it.each(['h:0', 'h:65536', 'h:ssh'])('refuses the port of %s', (text) => {
    expect(() => parseTarget(text)).toThrow(/is no port/);
  });

  it('refuses an address that is none', () => {
    expect(() => parseTarget('h', 'elsewhere')).toThrow(/no IPv4 or IPv6 address/);
  });
});

describe('checkTargets', () => {
  it.each([
    [['h1', 'h1'], /h1: the same host is named twice/],
    [['root@h1', 'H1'], /root@h1 and H1/],
    [['localhost', '::1'], /localhost and ::1/],
    [[], /no host is named/],
  ])('refuses %j', (names, message) => {
    expect(() => checkTargets(names.map((it) => parseTarget(it)))).toThrow(message);
  });

  it('takes two ports of one address for two hosts, as behind a router', () => {
    expect(checkTargets([parseTarget('h:1'), parseTarget('h:2')])).toHaveLength(2);
  });
});
