/** The command `castnet` with all its commands: those of src/cli, and the lab. */
import { main } from '../src/cli/main.ts';

process.exitCode = await main(process.argv.slice(2), async () => {
  const { registerLab } = await import('../lab/command/lab.ts');
  return registerLab;
});
