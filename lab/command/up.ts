/** `castnet lab up`, with its progress and Ctrl-C. */
import { Listr } from 'listr2';
import { UserError } from '../../src/cli/output.ts';
import { listLabs } from '../lab.ts';
import { bringUp } from '../up.ts';

/** Brings a lab up and shows each step. On SIGINT or SIGTERM it takes down what it made. */
export async function runLabUp(request: {
  name: string;
  hosts: number;
  engine?: string;
}): Promise<void> {
  const { name, hosts } = request;
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort(new UserError('interrupted', { exitCode: 130 }));
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    await withProgress(`bringing up lab "${name}" with ${count(hosts)}`, (onProgress) =>
      bringUp({ ...request, onProgress, signal: interrupt.signal }),
    );
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
  const option = name === 'lab' ? '' : ` --name ${name}`;
  const made = (await listLabs()).find((lab) => lab.name === name);
  const first = made?.hosts[0]?.name ?? 'h1';
  console.log(`Try: castnet lab docker${option} ${first} -- node ls`);
}

/**
 * Runs `work` under a title, and returns what it does, with a line for each step it reports: a live
 * display on a terminal, plain lines elsewhere.
 */
export async function withProgress<T>(
  title: string,
  work: (onProgress: (step: string) => void) => Promise<T>,
): Promise<T> {
  const tasks = new Listr<{ result: T }>(
    [
      {
        title,
        task: async (context, task) => {
          context.result = await work((step) => {
            task.output = step;
          });
        },
      },
    ],
    {
      fallbackRenderer: 'simple',
      rendererOptions: { showErrorMessage: false, collapseErrors: false },
      // Its own handler would end the process before the lab is taken down.
      registerSignalListeners: false,
    },
  );
  return (await tasks.run()).result;
}

function count(hosts: number): string {
  return hosts === 1 ? '1 host' : `${hosts} hosts`;
}
