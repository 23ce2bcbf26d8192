/** Secrets renewed under load: `npm run bench:renewal -- --help`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadUsrImage } from '../../lab/image.ts';
import { healthy, hostReport } from '../../lab/kit/agent.ts';
import { settled } from '../../lab/kit/kernel.ts';
import { setPlugin } from '../../lab/kit/plugin.ts';
import { createNetwork, runContainer } from '../../lab/kit/stack.ts';
import { type Lab, labDown, labUp } from '../../lab/lab.ts';
import { until } from '../../lab/run.ts';
import { describeError, UserError } from '../../src/cli/output.ts';
import { asOwn, programsOf } from '../cgroup.ts';
import { compile, type Traffic } from '../traffic.ts';
import { type End, endOf, type StreamResult, stream } from './stream.ts';

const HELP = `npm run bench:renewal -- [--rate PPS]… [--seconds S] [--renew S] [--rounds N]

A stream of multicast between two Docker hosts on an encrypted network, without and with secrets and keys that
are renewed meanwhile, in turn. Prints what was lost, what came twice, and where the kernel dropped packets. The
status is 0 if with renewal no more was lost than without, and nothing came twice.

  --rate PPS    packets a second, of 200 bytes; may be given more than once, 2000 unless told
  --seconds S   how long each stream lasts, 65 unless told
  --renew S     seconds from one secret to the next, and from one key of a host to the next, 60 unless told, 10
                at least
  --rounds N    streams of each kind, 1 unless told
  --help        this text`;

const NAME = 'renewal';
const NETWORK = 'secret';
/** Longer than any stream, seconds. */
const NEVER_S = 86_400;

interface Options {
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly renew: number;
  readonly rounds: number;
}

/** Errors: UserError for what is no number. */
function readOptions(): Options | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      rate: { ...text, multiple: true, default: ['2000'] },
      seconds: { ...text, default: '65' },
      renew: { ...text, default: '60' },
      rounds: { ...text, default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const number = (name: string, value: string): number => {
    if (Number(value) > 0) return Number(value);
    throw new UserError(`--${name} cannot be "${value}".`, { hint: 'Give a number.' });
  };
  return {
    rates: values.rate.map((it) => number('rate', it)),
    seconds: number('seconds', values.seconds),
    renew: number('renew', values.renew),
    rounds: number('rounds', values.rounds),
  };
}

async function ends(lab: Lab): Promise<[End, End]> {
  await Promise.all(lab.hosts.map((host) => loadUsrImage(host)));
  await createNetwork(lab, NETWORK, ['--opt', 'encrypted']);
  const made = await Promise.all(
    lab.hosts.map(async (host) =>
      endOf(await runContainer(host, { network: NETWORK, name: `renewal-${host.name}` })),
    ),
  );
  return made as [End, End];
}

/** Has all hosts renew so often, and waits until packets pass. */
async function renewEvery(lab: Lab, seconds: number): Promise<void> {
  const settings = ['CASTNET_WIREGUARD_RENEW', 'CASTNET_WIREGUARD_KEY_RENEW'];
  for (const host of lab.hosts) await setPlugin(host, ...settings.map((it) => `${it}=${seconds}`));
  await until(
    async () => {
      await settled(lab, NETWORK);
      for (const host of lab.hosts) {
        const { wireguard } = await hostReport(host);
        const { handshake } = wireguard?.peers[0] ?? {};
        if (handshake === undefined) throw new Error(`${host.name}: no handshake yet`);
      }
      return true;
    },
    { what: 'the encrypted network', timeoutMs: 60_000, everyMs: 500 },
  );
  await healthy(lab);
  // Beside the sender and the receiver it would have a part of one program's time, as all labs together have.
  for (const host of lab.hosts) {
    for (const pid of await programsOf(host, 'wireguard-go')) await asOwn(pid);
  }
}

function told(rate: number, renew: number, result: StreamResult): string {
  const { sent, pps, lost, again, secrets, keys, drops } = result;
  const each = `renewed every ${renew} s, ${secrets} secrets, ${keys} keys of the sender`;
  const kind = renew === NEVER_S ? 'no renewal' : each;
  const what = `${sent} sent (${Math.round(pps)}/s), ${lost} lost, ${again} again`;
  return [`${rate}/s, ${kind}: ${what}`, ...drops.map((it) => `  ${it}`)].join('\n');
}

/** @returns whether renewal lost nothing that would not have been lost without */
async function measure(lab: Lab, traffic: Traffic, options: Options): Promise<boolean> {
  const { rates, seconds, renew, rounds } = options;
  const [from, to] = await ends(lab);
  let isGood = true;
  for (let round = 0; round < rounds; round++) {
    const lost: Record<number, number> = {};
    for (const every of [NEVER_S, renew]) {
      await renewEvery(lab, every);
      await stream({ traffic, from, to, rate: 100, seconds: 1 });
      for (const rate of rates) {
        const result = await stream({ traffic, from, to, rate, seconds });
        console.log(told(rate, every, result));
        if (every === NEVER_S) lost[rate] = result.lost;
        else if (result.lost > (lost[rate] ?? 0) || result.again > 0) isGood = false;
      }
    }
  }
  return isGood;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) {
    console.log(HELP);
    return 0;
  }
  const directory = await mkdtemp(join(tmpdir(), 'castnet-renewal-'));
  const traffic = await compile(directory);
  const lab = await labUp({ name: NAME, hosts: 2, managers: 1 });
  try {
    return (await measure(lab, traffic, options)) ? 0 : 1;
  } finally {
    await labDown(NAME);
    await rm(directory, { recursive: true, force: true });
  }
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(describeError(error));
    process.exit(error instanceof UserError ? error.exitCode : 1);
  },
);
