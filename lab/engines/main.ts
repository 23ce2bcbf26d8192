/**
 * Makes the Docker Engines that `castnet lab up --engine` takes, and says which versions they are.
 *
 *   npm run lab:engines                 all of them, those that are there already left alone
 *   npm run lab:engines -- sid          this one
 *   npm run lab:engines -- --fresh sid  anew, when its suite has a newer one
 *
 * A suite that cannot be reached is named; the exit status is 1 then.
 */
import { describeError, UserError } from '../../src/cli/output.ts';
import { describeEngine, openEngine } from './engines.ts';
import { ENGINE_NAMES, engineName } from './names.ts';

const args = process.argv.slice(2);
const fresh = args.includes('--fresh');
try {
  const given = args.filter((it) => it !== '--fresh').map(engineName);
  for (const name of given.length > 0 ? given : ENGINE_NAMES) {
    try {
      const engine = await openEngine(name, { fresh, onProgress: console.log });
      console.log(await describeEngine(engine));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      console.error(describeError(error));
      process.exitCode = 1;
    }
  }
} catch (error) {
  console.error(describeError(error));
  process.exitCode = error instanceof UserError ? error.exitCode : 1;
}
