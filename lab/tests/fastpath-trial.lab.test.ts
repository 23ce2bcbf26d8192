/** A kernel that lacks one feature of the fast path each: the agent's trial finds out, before any packet does. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tryFastPath } from '../../src/kernel/fastpath/trial.ts';
import { ROOT } from '../kit/containers.ts';
import { mustRun } from '../run.ts';

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'castnet-trial-'));
});
afterAll(() => rm(place, { recursive: true, force: true }));

/** The programs, with a helper of the kernel's in another's place. */
async function without(name: string, define: string): Promise<string> {
  const [source, object] = [join(place, `${name}.c`), join(place, `${name}.o`)];
  await writeFile(source, `#define ${define}\n#include "${ROOT}/bpf/fastpath.c"\n`);
  const include = ['/usr/include/x86_64-linux-gnu', '/usr/include/aarch64-linux-gnu'];
  await mustRun([
    ...['clang', '-O2', '-g', '-target', 'bpf', ...include.flatMap((it) => ['-idirafter', it])],
    ...['-c', source, '-o', object],
  ]);
  return object;
}

const NONE = 'NOTHING 0';
const DROP = '(2 /* TC_ACT_SHOT */)';
const REFUSED = '(-22 /* EINVAL */)';
const ROOM = 'bpf_skb_adjust_room';

it('a kernel with all has all', async () => {
  const found = await tryFastPath(await without('all', NONE));
  expect(found).toEqual({ problem: '', ipv6: '', groups: '' });
});

// Each waits for packets that do not come.
describe.concurrent('a kernel', () => {
  it.each([
    ['redirect_peer', `bpf_redirect_peer(...) ${DROP}`],
    ['redirect_neigh', `bpf_redirect_neigh(...) ${DROP}`],
    ['adjust_room', `${ROOM}(...) ${REFUSED}`],
  ])('without %s has no fast path', async (name, define) => {
    const { problem } = await tryFastPath(await without(name, define));
    expect(problem).toMatch(/TCP: no answer; UDP: lost/);
  });

  it('that cannot take IPv6 out of IPv4 has one for IPv4', async () => {
    const decap = `${ROOM}(skb, by, mode, how) ((how) & DECAP_L3_IPV6 ? -22 : ${ROOM}(skb, by, mode, how))`;
    const found = await tryFastPath(await without('decap', decap));
    expect(found).toEqual({ problem: '', ipv6: 'no answer', groups: '' });
  });

  it('that copies no packets has one for unicast', async () => {
    const found = await tryFastPath(await without('clone', `bpf_clone_redirect(...) ${REFUSED}`));
    expect(found).toEqual({ problem: '', ipv6: '', groups: expect.stringMatching(/^lost those/) });
  });

  it('whose verifier refuses them has none, and says it in its words', async () => {
    const unknown = 'bpf_get_prandom_u32() (((__u32 (*)(void))9999)())';
    const { problem } = await tryFastPath(await without('verifier', unknown));
    expect(problem).not.toBe('');
    expect(problem).not.toMatch(/no answer/);
  });

  it('to which something else is given has none', async () => {
    const file = join(place, 'other.o');
    await writeFile(file, 'no object');
    expect((await tryFastPath(file)).problem).not.toBe('');
  });
});
