import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/cli/output.ts';
import { planEngines } from './names.ts';

const HOSTS = ['h1', 'h2', 'h3'];

describe('planEngines', () => {
  it.each([
    [undefined, ['own', 'own', 'own']],
    ['', ['own', 'own', 'own']],
    ['sid', ['sid', 'sid', 'sid']],
    ['h2=sid', ['own', 'sid', 'own']],
    ['trixie,h3=sid', ['trixie', 'trixie', 'sid']],
    ['h1=sid, h2=trixie', ['sid', 'trixie', 'own']],
    ['h1=sid,bookworm', ['bookworm', 'bookworm', 'bookworm']],
  ])('reads %j', (wanted, engines) => {
    expect(planEngines(wanted, HOSTS)).toEqual(engines);
  });

  it.each(['buster', 'h2=buster', 'h2=', 'SID', 'h1=sid=sid', '../sid'])(
    'refuses %j and says which names are accepted',
    (wanted) => {
      expect(() => planEngines(wanted, HOSTS)).toThrow(UserError);
      expect(() => planEngines(wanted, HOSTS)).toThrow(
        expect.objectContaining({ hint: expect.stringContaining('own, bookworm, trixie, sid') }),
      );
    },
  );

  it('refuses a host that there is not and says which there are', () => {
    expect(() => planEngines('h4=sid', HOSTS)).toThrow(
      expect.objectContaining({ hint: 'Its hosts: h1, h2, h3' }),
    );
  });
});
