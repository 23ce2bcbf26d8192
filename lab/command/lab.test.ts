import { Command, CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { describeError, UserError } from '../../src/cli/output.ts';
import { describeLabs, registerLab } from './lab.ts';

function parse(...args: string[]): Promise<unknown> {
  const program = new Command('castnet').exitOverride().configureOutput({ writeErr: () => {} });
  registerLab(program);
  return program.parseAsync(args, { from: 'user' });
}

describe('castnet lab', () => {
  it.each([
    ['up', '--hosts', '0'],
    ['up', '--hosts', '2.5'],
    ['up', '--hosts', 'many'],
    ['up', '--name', 'No'],
    ['up', '--engine', 'buster'],
    ['up', '--engine', 'h1=29'],
    ['down', '--name', '../x'],
    ['exec', 'h1'],
    ['socket'],
    ['sideways'],
  ])('refuses "lab %s %s %s" before it does anything', async (...args) => {
    await expect(parse('lab', ...args)).rejects.toThrow(CommanderError);
  });
});

describe('describeLabs', () => {
  it('says how to make one when there is none', () => {
    expect(describeLabs([])).toContain('castnet lab up');
  });

  it('has a line for each host, and one for a lab without hosts', () => {
    const host = {
      name: 'h1',
      address: '10.99.0.1',
      socket: '/s',
      role: 'manager' as const,
      engine: 'sid' as const,
    };
    const text = describeLabs([
      { name: 'one', hosts: [host] },
      { name: 'two', hosts: [] },
    ]);
    expect(text).toMatch(/one\s+h1\s+10\.99\.0\.1\s+manager\s+sid\s+\/s/);
    expect(text).toMatch(/two\s.*interrupted/);
  });
});

describe('describeError', () => {
  it('gives a user’s mistake its hint and no stack', () => {
    expect(describeError(new UserError('no such host', { hint: 'Try h1.' }))).toBe(
      'castnet: no such host\n  Try h1.',
    );
  });

  it('gives a fault its stack', () => {
    expect(describeError(new TypeError('oops'))).toMatch(/report it:\nTypeError: oops\n +at /);
  });
});
