import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from '../../../system/run.ts';
import { type Architecture, partOf } from '../../plugin/architecture.ts';
import { distDirectory } from '../../plugin/source.ts';
import { quote } from '../../quote.ts';
import type { Problem } from '../core/facts.ts';
import type { Host } from './host.ts';
import { STAGING } from './look-script.ts';
import { unreached } from './unreached.ts';

/** Where a build's files are on a host while `castnet up` works there. */
export const stagedAt = (build: string): string => `${STAGING}/${build}`;

/** Takes away what was brought, of whichever build. */
export const UNSTAGE = `rm -rf ${STAGING}`;

export interface Brought {
  readonly build: string;
  readonly architecture: Architecture;
}

/**
 * Brings the plugin's files to a host, as `docker plugin create` takes them. What an earlier run left
 * half way is made anew.
 * @returns what went wrong, if something did; then nothing of it is left
 */
export async function bring(
  host: Host,
  { build, architecture }: Brought,
): Promise<Problem | undefined> {
  const part = partOf(distDirectory(), architecture);
  const place = stagedAt(build);
  const unpack = await host.feed(
    `umask 077; ${UNSTAGE}; mkdir -p ${place}/rootfs && tar -xzf - -C ${place}/rootfs`,
    join(part, 'rootfs.tar.gz'),
  );
  if (unpack.status !== 0) return failed(host, unpack);
  // The agent and the configuration change with every build and lie beside the archive.
  const config = await readFile(join(part, 'config.json'), 'utf8');
  const write = await host.feed(
    `cat >${place}/rootfs/castnet/agent.mjs && printf %s ${quote(config)} >${place}/config.json && ` +
      `chmod 755 ${place}/rootfs && touch ${place}/complete`,
    join(part, 'agent.mjs'),
  );
  return write.status === 0 ? undefined : failed(host, write);
}

async function failed(host: Host, outcome: Outcome): Promise<Problem> {
  await host.run(UNSTAGE).catch(() => {});
  const lines = outcome.stderr.trim().split('\n');
  const full = lines.find((it) => /no space left|quota exceeded/i.test(it));
  const said = full ?? lines.find((it) => /^(tar|mkdir|sh|gzip|cat|touch): /.test(it));
  if (said === undefined) return unreached(host.target, outcome);
  const isFull = full !== undefined;
  return {
    code: isFull ? 'disk-full' : 'not-brought',
    host: host.name,
    what: `the plugin's files cannot be brought to ${host.name}: ${said}`,
    remedy: isFull
      ? `Make room below ${STAGING}: it takes 140 MB there while the plugin is installed. What was brought is removed.`
      : `Look at ${STAGING} there; what was brought is removed.`,
  };
}
