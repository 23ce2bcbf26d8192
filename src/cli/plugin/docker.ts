import { type CommandError, run } from '../../system/run.ts';
import { UserError } from '../output.ts';

/** Which Docker Engine; neither means the one DOCKER_HOST or the current context points at. */
export interface EngineChoice {
  /** As `docker --host`: unix:///…, tcp://…, ssh://… */
  readonly dockerHost?: string | undefined;
  /** As `docker --context`. */
  readonly context?: string | undefined;
}

/** An Engine that is well answers a question within a second, a busy one behind ssh within several. */
const ANSWER_MS = 20_000;
/** Enough for an Engine behind a slow ssh to take a plugin of 130 MB. */
const CHANGE_MS = 600_000;

/** Runs the docker command with these arguments and gives back what it printed. */
export type Docker = (args: readonly string[]) => Promise<string>;

/** The lines that a docker command printed; none for nothing. */
export const linesOf = (text: string): string[] =>
  text.split('\n').filter((it) => it.trim() !== '');

/** A docker command that failed, in its own words. */
export class DockerError extends Error {
  readonly args: readonly string[];
  constructor(args: readonly string[], stderr: string) {
    super(plainWords(stderr) || `docker ${args.join(' ')} failed and said nothing`);
    this.name = 'DockerError';
    this.args = args;
  }
}

/** Docker's message without the phrases that every one of them starts with. */
export function plainWords(stderr: string): string {
  return stderr
    .trim()
    .replace(/^Error response from daemon: /m, '')
    .replace(/^(Error|error): /, '');
}

/**
 * The docker command, bound to one Engine. A child is used rather than the Engine's API so that
 * contexts, ssh and TLS work as the user has set them up.
 *
 * @param answerMs how long a question may take; another one in tests
 * @throws UserError when both a host and a context are given
 */
export function dockerFor(
  { dockerHost, context }: EngineChoice,
  { answerMs = ANSWER_MS } = {},
): Docker {
  if (dockerHost !== undefined && context !== undefined) {
    throw new UserError(`--host ${dockerHost} and --context ${context} exclude each other`, {
      hint: 'Give one of them, or neither to use DOCKER_HOST or the current context.',
      exitCode: 2,
    });
  }
  const choice =
    dockerHost !== undefined
      ? ['--host', dockerHost]
      : context !== undefined
        ? ['--context', context]
        : [];
  return (args) => runDocker(choice, args, isChange(args) ? CHANGE_MS : answerMs);
}

const isChange = ([object, verb]: readonly string[]): boolean =>
  object === 'plugin' && verb !== 'inspect';

async function runDocker(
  choice: readonly string[],
  args: readonly string[],
  timeoutMs: number,
): Promise<string> {
  const { status, late, stdout, stderr } = await run(['docker', ...choice, ...args], '', {
    timeoutMs,
  }).catch((error: CommandError) => {
    throw error.code === 'ENOENT' ? noDocker() : error;
  });
  if (status === 0) return stdout.trim();
  throw new DockerError([...choice, ...args], late ? noAnswer(args, timeoutMs) : stderr);
}

const noAnswer = ([command]: readonly string[], timeoutMs: number): string =>
  `no answer within ${timeoutMs / 1000} s to docker ${command}: the Engine is stopped or far too busy`;

function noDocker(): UserError {
  return new UserError('the docker command is not on the PATH', {
    hint: 'Install it (Debian: apt-get install docker.io or docker-ce-cli) and try again.',
  });
}

/**
 * Where the Engine listens, as a URL.
 *
 * @returns undefined when docker cannot say, as docker before 20.10 may not
 */
export async function endpointOf(
  docker: Docker,
  { dockerHost }: EngineChoice,
): Promise<string | undefined> {
  if (dockerHost !== undefined) return dockerHost;
  return docker(['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}']).catch(
    () => undefined,
  );
}
