/** Encrypted networks beside the same made by hand, and beside others that encrypt. */
import { type Context, type PathName, RIVALS } from '../context.ts';
import { GROUP_BOTH } from '../path.ts';
import { rates } from '../rates.ts';
import { titleOf, withMembers } from './multicast.ts';
import { tcp } from './unicast.ts';

const OWN = 'castnet-encrypted';
const WIREGUARD: PathName[] = [OWN, 'hand-made-encrypted', 'castnet'];
const ESP: PathName = 'overlay-encrypted';
const ALL: PathName[] = [...WIREGUARD, ESP, ...RIVALS];
/** tinc and n2n encrypt by default. What encryption costs informs only: it is the processor's. */
const LEAST = {
  'hand-made-encrypted': { atLeast: 0.95 },
  castnet: {},
  [ESP]: {},
  tinc: { atLeast: 1.5 },
  n2n: { atLeast: 1.5 },
};

/** One TCP stream. */
export async function measureEncryptedTcp(context: Context): Promise<void> {
  const paths = await context.paths(ALL);
  const title = 'TCP encrypted, one stream';
  await tcp(context, { paths, streams: 1 }, { title, own: OWN, others: LEAST });
}

/** The most 1300-byte packets a second that all arrive, at a container and at a group's members. */
export async function measureEncryptedPackets(context: Context): Promise<void> {
  const wanted = await context.paths(ALL);
  const size = 1300;
  const some = wanted.filter((it) => [...WIREGUARD, ESP].some((name) => name === it.name));
  await rates(
    context,
    { paths: some, size, start: 50_000 },
    {
      ...{ title: 'UDP 1300 B encrypted', own: OWN },
      others: { 'hand-made-encrypted': { atLeast: 0.95 }, castnet: {}, [ESP]: {} },
    },
  );
  const carry = { paths: wanted.filter((it) => it.multicast), group: GROUP_BOTH, members: 4 };
  await withMembers(context, carry, async (paths) => {
    const title = 'Multicast 1300 B encrypted, two hosts with members';
    const trial = { paths, size, group: GROUP_BOTH, start: 30_000, near: titleOf(size) };
    await rates(context, trial, { title, own: OWN, others: LEAST });
  });
}
