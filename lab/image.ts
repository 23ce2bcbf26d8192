/** An image without a registry: containers in which the machine's own programs run. */
import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabHost } from './host.ts';
import { mustRun } from './run.ts';

/** Options of `docker run` and `docker service create` that give such a container its programs. */
export const USR_RUN = ['-v', '/usr:/usr:ro'];
export const USR_SERVICE = ['--mount', 'type=bind,source=/usr,target=/usr,readonly'];

const FILES = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/usr/sbin/nologin\n',
  'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
};

/**
 * Loads the image on a host: an almost empty tree whose programs come from
 * /usr, which every container mounts (USR_RUN, USR_SERVICE). Programs outside
 * /usr have to be mounted likewise.
 */
export async function loadUsrImage(host: LabHost, tag = 'castnet/usr:latest'): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'castnet-image-'));
  try {
    const tree = join(dir, 'tree');
    await makeTree(tree);
    const archive = join(dir, 'image.tar');
    await mustRun(['tar', '-C', tree, '--owner=0', '--group=0', '-cf', archive, '.']);
    const path = 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin';
    await host.docker(['import', '--change', path, '--change', 'CMD ["/bin/sh"]', archive, tag]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function makeTree(tree: string): Promise<void> {
  for (const dir of ['etc', 'usr', 'root', 'run', 'var/tmp', 'dev', 'proc', 'sys', 'tmp']) {
    await mkdir(join(tree, dir), { recursive: true });
  }
  await chmod(join(tree, 'tmp'), 0o1777);
  for (const name of ['bin', 'sbin', 'lib', 'lib64'])
    await symlink(`usr/${name}`, join(tree, name));
  for (const [path, text] of Object.entries(FILES)) await writeFile(join(tree, path), text);
  // Some programs of /usr are links to here, and libraries outside the
  // standard directories are found through the cache.
  const alternatives = '/etc/alternatives';
  if (existsSync(alternatives)) {
    const target = join(tree, alternatives);
    await cp(alternatives, target, { recursive: true, verbatimSymlinks: true });
  }
  const cache = '/etc/ld.so.cache';
  if (existsSync(cache)) await copyFile(cache, join(tree, cache));
}
