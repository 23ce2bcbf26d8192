import { UserError } from '../../output.ts';
import { type Docker, DockerError } from '../../plugin/docker.ts';
import { commandLine } from '../../quote.ts';
import type { Host } from './host.ts';
import { unreached } from './unreached.ts';

/** Milliseconds for a question, and for what makes or starts something. */
const ANSWER_MS = 60_000;
const CHANGE_MS = 300_000;

/** A host's own docker command, as root. No secret may be among its arguments. */
export function dockerOn(host: Host): Docker {
  return async (args) => {
    const [object, verb] = args;
    const isChange = object === 'plugin' && verb !== 'inspect';
    const outcome = await host.run(`exec ${commandLine(['docker', ...args])}`, {
      timeoutMs: isChange ? CHANGE_MS : ANSWER_MS,
    });
    if (outcome.status === 0) return outcome.stdout.trim();
    // 255 is ssh's own; a docker command ends with less.
    if (outcome.status === 255 || outcome.late) {
      const { what, remedy } = unreached(host.target, outcome);
      throw new UserError(what, { hint: remedy });
    }
    throw new DockerError(args, outcome.stderr);
  };
}
