import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../output.ts';
import { ARCHITECTURES, type Architecture, partOf } from '../architecture.ts';
import { builtAs, distDirectory, heldIn } from '../source.ts';
import { layOut } from './image.ts';
import { isLoopback, nameOf, parseReference, type Reference } from './reference.ts';
import { copy } from './skopeo.ts';

export interface PushInput {
  /** `[REGISTRY/]NAME[:TAG]` */
  readonly name: string;
  /** All that there are unless told. */
  readonly architectures?: readonly Architecture[] | undefined;
  readonly insecure?: boolean | undefined;
  readonly dist?: string | undefined;
  /** Told each step as it begins. */
  readonly onProgress?: ((text: string) => void) | undefined;
  readonly copy?: typeof copy | undefined;
}

export interface Pushed {
  readonly architecture: Architecture;
  /** Every name that it has there, the shortest first. */
  readonly names: readonly string[];
  readonly digest: string;
}

/** The one that has the tag as it was given, besides one with its processor. */
const MAIN: Architecture = 'amd64';

/**
 * Pushes the built plugin to a registry: for amd64 as TAG and TAG-amd64, for arm64 as TAG-arm64. One
 * tag cannot serve both: an Engine, from 20.10 to 29, reads no index for a plugin, neither choosing
 * from it (moby, plugin/fetch_linux.go, childrenHandler) nor finding a configuration through it
 * (plugin/backend_linux.go, Privileges).
 *
 * @throws UserError for a wrong name, what was not built, and what the registry says
 */
export async function pushPlugin(input: PushInput): Promise<Pushed[]> {
  const { dist = distDirectory(), architectures = ARCHITECTURES, onProgress } = input;
  const to = parseReference(input.name);
  await builtAs(dist);
  const held = await heldIn(dist);
  const missing = architectures.filter((it) => !held.includes(it));
  if (missing.length > 0) throw notBuilt(missing, held);
  const pushed: Pushed[] = [];
  for (const architecture of architectures) {
    const tags = [...(architecture === MAIN ? [to.tag] : []), `${to.tag}-${architecture}`];
    onProgress?.(`Pushing linux/${architecture} to ${nameOf(to, tags[0])}`);
    const digest = await pushAs(tags, { to, part: partOf(dist, architecture), input });
    pushed.push({ architecture, names: tags.map((it) => nameOf(to, it)), digest });
  }
  return pushed;
}

interface Push {
  readonly to: Reference;
  readonly part: string;
  readonly input: PushInput;
}

async function pushAs(tags: readonly string[], { to, part, input }: Push): Promise<string> {
  const insecure = input.insecure ?? isLoopback(to);
  const directory = await mkdtemp(join(tmpdir(), 'castnet-push-'));
  try {
    const { digest } = await layOut(part, directory);
    for (const tag of tags) {
      await (input.copy ?? copy)({ directory, to: { ...to, tag }, insecure });
    }
    return digest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    throw new UserError(`there is no space left in ${tmpdir()}`, {
      hint: 'TMPDIR chooses another place. It takes some kilobytes.',
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function notBuilt(missing: readonly Architecture[], held: readonly Architecture[]): UserError {
  return new UserError(`the plugin was not built for ${missing.join(' and ')}`, {
    hint: `In a checkout, build it: npm run build -- --arch ${missing.join(',')}. To push what there is: --arch ${held.join(',')}`,
  });
}
