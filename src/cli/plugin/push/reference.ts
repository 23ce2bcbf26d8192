import { UserError } from '../../output.ts';

/** Where in which registry a plugin is to be, as `docker plugin install` names it. */
export interface Reference {
  /** Host, and port if there is one. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

/** The registry that Docker means when a name begins with none. */
const HUB = 'docker.io';

/** Longest tag that a registry takes; what castnet adds to one must fit too. */
const LONGEST_TAG = 128 - '-arm64'.length;

/** A host, with dots, a port or the name localhost: what Docker takes the first part of a name for. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z\d](?:[a-z\d.-]*[a-z\d])?)(?::\d{1,5})?$/i;
const PART = /^[a-z\d]+(?:(?:[._]|__|-+)[a-z\d]+)*$/;
const TAG = /^\w[\w.-]*$/;

/**
 * Reads `[REGISTRY/]NAME[:TAG]` by Docker's rules; without a tag it is `latest`.
 *
 * @throws UserError for what is no such name, or names nobody's account
 */
export function parseReference(text: string): Reference {
  const wrong = (what: string): UserError =>
    new UserError(`"${text}" is no name for the plugin in a registry: ${what}`, {
      hint: 'Give it as docker does: REGISTRY/castnet:TAG, for example registry.example.com/castnet:1.0.0, or ACCOUNT/castnet:TAG on Docker Hub.',
      exitCode: 2,
    });
  if (text.includes('://')) throw wrong('it begins with no https:// or docker://');
  if (text.includes('@')) throw wrong('a digest follows from what is pushed');
  const colon = text.lastIndexOf(':');
  const hasTag = colon > text.lastIndexOf('/');
  const tag = hasTag ? text.slice(colon + 1) : 'latest';
  const parts = (hasTag ? text.slice(0, colon) : text).split('/');
  const [first = ''] = parts;
  const isHost = parts.length > 1 && (/[.:]/.test(first) || first === 'localhost');
  const registry = isHost ? first : HUB;
  const path = isHost ? parts.slice(1) : parts;
  if (isHost && !HOST.test(registry)) throw wrong(`"${registry}" is no host`);
  if (path.length < 2 && registry === HUB) {
    throw wrong('names on Docker Hub begin with an account');
  }
  const bad = path.find((it) => !PART.test(it));
  if (bad !== undefined) {
    throw wrong(`"${bad}" may have small letters, digits, and single . _ or - between them`);
  }
  if (!TAG.test(tag) || tag.length > LONGEST_TAG) {
    throw wrong(
      `the tag "${tag}" may have letters, digits, . _ and -, at most ${LONGEST_TAG} of them`,
    );
  }
  return { registry, repository: path.join('/'), tag };
}

/** The name as docker shows it, of another tag if told. */
export function nameOf({ registry, repository, tag }: Reference, other = tag): string {
  return `${registry === HUB ? '' : `${registry}/`}${repository}:${other}`;
}

/** Whether the registry is on this machine, where Docker asks for no TLS either. */
export function isLoopback({ registry }: Reference): boolean {
  const host = registry.replace(/:\d+$/, '');
  return host === 'localhost' || /^127\.\d+\.\d+\.\d+$/.test(host) || host === '[::1]';
}
