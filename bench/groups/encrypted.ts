/** Encrypted networks beside the same made by hand, and beside others that encrypt. */
import { compare, RATE } from '../compare.ts';
import { type Context, type PathName, rounds } from '../context.ts';
import { GROUP_BOTH } from '../path.ts';
import { rates } from '../rates.ts';
import { figure } from '../result.ts';
import { withMembers } from './multicast.ts';
import { iperf } from './unicast.ts';

const OWN = 'castnet-encrypted';
const ALL: PathName[] = [OWN, 'hand-made-encrypted', 'castnet', 'tinc', 'n2n'];
/** tinc and n2n encrypt by default. What encryption costs informs only: it is the processor's. */
const LEAST = {
  'hand-made-encrypted': { atLeast: 0.95 },
  castnet: {},
  tinc: { atLeast: 1.5 },
  n2n: { atLeast: 1.5 },
};

/** One TCP stream. */
export async function measureEncryptedTcp(context: Context): Promise<void> {
  const paths = await context.paths(ALL);
  const seconds = context.quick ? 1 : 3;
  const values = await rounds(paths, context.quick ? 2 : 7, async (path) => {
    const value = await iperf(path, { seconds, streams: 1 });
    context.say(`TCP encrypted, ${path.name}: ${figure(value)} Gbit/s`);
    return value;
  });
  compare(context, values, {
    ...{ title: 'TCP encrypted, one stream', unit: 'Gbit/s', own: OWN },
    others: LEAST,
  });
}

/** The most 1300-byte packets a second that all arrive, at a container and at a group's members. */
export async function measureEncryptedPackets(context: Context): Promise<void> {
  const wanted = await context.paths(ALL);
  const size = 1300;
  const unicast = await rates(context, {
    what: 'UDP encrypted',
    paths: wanted,
    size,
    start: 16_000,
  });
  compare(context, unicast, {
    ...{ title: 'UDP 1300 B encrypted', unit: RATE, own: OWN },
    others: { 'hand-made-encrypted': { atLeast: 0.95 }, castnet: {} },
  });
  await withMembers(context, { paths: wanted, group: GROUP_BOTH, members: 4 }, async (paths) => {
    const trial = { what: 'multicast encrypted', size, group: GROUP_BOTH, start: 10_000 };
    compare(context, await rates(context, { paths, ...trial }), {
      ...{ title: 'Multicast 1300 B encrypted, two hosts with members', unit: RATE, own: OWN },
      others: LEAST,
    });
  });
}
