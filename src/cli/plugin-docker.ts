import { spawn } from 'node:child_process';
import { UserError } from './output.ts';

/** Which Docker Engine; neither means the one DOCKER_HOST or the current context points at. */
export interface EngineChoice {
  /** As `docker --host`: unix:///…, tcp://…, ssh://… */
  readonly dockerHost?: string | undefined;
  /** As `docker --context`. */
  readonly context?: string | undefined;
}

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
 * @throws UserError when both a host and a context are given
 */
export function dockerFor({ dockerHost, context }: EngineChoice): Docker {
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
  return (args) => runDocker([...choice, ...args]);
}

function runDocker(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? noDocker() : error);
    });
    child.on('close', (status) => {
      if (status === 0) resolve(stdout.trim());
      else reject(new DockerError(args, stderr));
    });
  });
}

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
