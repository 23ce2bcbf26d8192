import { type CommandError, run } from '../../../system/run.ts';
import { UserError } from '../../output.ts';
import { nameOf, type Reference } from './reference.ts';

/** For 50 MB over a network that may be slow. */
const PUSH_MS = 1_800_000;

export interface CopyInput {
  /** As `layOut` makes it. */
  readonly directory: string;
  readonly to: Reference;
  /** Whether a registry without TLS, or with a certificate that nobody vouches for, will do. */
  readonly insecure: boolean;
  /** Longest that it may take, milliseconds. */
  readonly timeoutMs?: number;
}

/**
 * Pushes by skopeo, which knows registries' ways to log in and uses what `docker login` and `skopeo
 * login` have left. The bytes, and so the digest, stay as they are.
 *
 * @throws UserError with what to do
 */
export async function copy({ directory, to, insecure, timeoutMs = PUSH_MS }: CopyInput) {
  // That is a policy for what is read, which is castnet's own here.
  const argv = ['skopeo', '--insecure-policy', 'copy', '--preserve-digests', '--quiet'];
  const target = `docker://${to.registry}/${to.repository}:${to.tag}`;
  const flags = [...(insecure ? ['--dest-tls-verify=false'] : []), `dir:${directory}`, target];
  const { status, stderr, late } = await run([...argv, ...flags], '', { timeoutMs }).catch(
    (error: CommandError) => {
      throw error.code === 'ENOENT' ? noSkopeo() : error;
    },
  );
  if (status === 0) return;
  if (late) throw new UserError(`${nameOf(to)} was not pushed within ${timeoutMs / 1000} s`);
  throw pushFailed(to, stderr);
}

function noSkopeo(): UserError {
  return new UserError('the program skopeo, which pushes to registries, is missing', {
    hint: 'Install it (Debian, Ubuntu: apt-get install skopeo; Fedora: dnf install skopeo; macOS: brew install skopeo), then try again.',
  });
}

/** What skopeo's words mean, the first that fits, and what to do. */
const MEANINGS: readonly [RegExp, string, (to: Reference) => string][] = [
  [
    /server gave HTTP response to HTTPS client/,
    'speaks HTTP, not HTTPS',
    () => 'If it is yours and nobody can listen in between: --insecure',
  ],
  [
    /x509:|certificate/,
    'has a certificate that this machine does not trust',
    ({ registry }) =>
      `Put the certificate of who signed it into /etc/docker/certs.d/${registry}/ca.crt, or, for a registry of your own, use --insecure.`,
  ],
  [
    /unauthorized|authentication required|\b401\b/i,
    'wants a login, or refuses the one it got',
    ({ registry }) => `docker login ${registry}`,
  ],
  [
    /denied|\b403\b|insufficient_scope/i,
    'does not let this account push there',
    ({ registry, repository }) =>
      `Look whether the repository "${repository}" is there and yours; docker login ${registry} takes another account.`,
  ],
  [
    /connection refused|no such host|network is unreachable|i\/o timeout|no route to host|Temporary failure|lookup .* on /i,
    'cannot be reached',
    () => 'Look at its name and port, and whether it runs.',
  ],
  [
    // One that gives up answers and closes, and whoever still writes may see the closing alone.
    /no space left|insufficient storage|\b507\b|\b50[0-4]\b|write: (connection reset|broken pipe)/i,
    'failed while it took the plugin',
    () => 'Its log says why; a full disk is the usual reason. Push again when that is mended.',
  ],
  [
    /\b404\b|name unknown|manifest invalid|unsupported|\b40\d\b/i,
    'does not take Docker plugins there',
    () => 'Not every registry does. Those made of CNCF Distribution do, Docker Hub among them.',
  ],
];

/** What skopeo said, in words of ours. */
export function pushFailed(to: Reference, stderr: string): UserError {
  const said = lastWords(stderr);
  for (const [pattern, what, hint] of MEANINGS) {
    if (!pattern.test(stderr)) continue;
    return new UserError(`the registry ${to.registry} ${what}: ${said}`, { hint: hint(to) });
  }
  return new UserError(`${nameOf(to)} could not be pushed: ${said}`, {
    hint: 'Pushing again takes up where this ended.',
  });
}

/** The message of its last line, which is `time=… level=fatal msg="…"`. */
function lastWords(stderr: string): string {
  const line = stderr.trim().split('\n').at(-1) ?? '';
  const quoted = /msg=("(?:[^"\\]|\\.)*")/.exec(line)?.[1];
  if (quoted === undefined) return line;
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}
