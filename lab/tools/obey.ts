/**
 * What programs for containers share that a test drives (lab/kit/driven.ts): JSON lines on the
 * standard input, one answer for each, and the end when that is closed. The first line of output
 * is {"ready":true}.
 */
import { lookup } from 'node:dns/promises';
import { createInterface } from 'node:readline';

type Command = { id: number; do: string };
/** What to do for each command, given its arguments; what it returns is the answer. */
export type Commands = Record<string, (given: never) => object | Promise<object>>;

/** The IPv4 addresses of a name, sorted. */
async function resolve({ name }: { name: string }): Promise<object> {
  const answers = await lookup(name, { all: true, family: 4 });
  return { addresses: [...new Set(answers.map((it) => it.address))].sort() };
}

/** Says that it is ready, and obeys from now on; `resolve` is a command of every program. */
export function obey(own: Commands): void {
  const commands: Commands = { resolve, ...own };
  const answer = (value: object): void => {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  };
  const carryOut = async (command: Command): Promise<object> => {
    const work = commands[command.do];
    if (work === undefined) throw new Error(`unknown command "${command.do}"`);
    return work(command as never);
  };
  answer({ ready: true });
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      const command = JSON.parse(line) as Command;
      carryOut(command).then(
        (result) => answer({ id: command.id, ...result }),
        (error: Error) => answer({ id: command.id, error: error.message }),
      );
    })
    .on('close', () => process.exit(0));
}
