import { describe, expect, it } from 'vitest';
import { needsBuild, planOf, projectsOf, vitestWords } from './test-plan.ts';

describe('planOf', () => {
  it.each([
    ['everything, what is quick first', [], [['lint', 'types'], ['unit'], ['lab', 'recipes']]],
    ['only the steps that are named', ['recipes-maven', 'types'], [['types'], ['recipes-maven']]],
    ['only tests when words choose among them', ['pruning'], [['unit'], ['lab', 'recipes']]],
    ['one step with words', ['lab', 'basics', 'pruning'], [['lab']]],
  ])('takes %s', (_what, args, stages) => {
    expect(planOf(args).stages).toEqual(stages);
  });

  it('hands on the words that name no step', () => {
    expect(planOf(['lab', 'basics', '-t', 'joins']).words).toEqual(['basics', '-t', 'joins']);
  });
});

it('builds for the lab and the recipes alone', () => {
  const all = planOf([]).stages.flat();
  expect(all.filter(needsBuild)).toEqual(['lab', 'recipes']);
});

it('holds the coverage of the unit tests against its floor only when all of them run', () => {
  expect(vitestWords('unit', [])).toEqual(['--coverage']);
  expect(vitestWords('unit', ['wire'])).toEqual(['--passWithNoTests', 'wire']);
  expect(vitestWords('lab', [])).toEqual([]);
});

it('runs the lab tests that need the machine to themselves with the others', () => {
  expect(projectsOf('lab')).toEqual(['lab', 'lab-encrypted', 'lab-alone']);
  expect(projectsOf('unit')).toEqual(['unit']);
});
