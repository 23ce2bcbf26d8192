/**
 * castnet's encrypted networks, by the kernel's WireGuard, beside Docker's own, by the kernel's ESP: by the
 * bench's own measurements. A guest's time counts instructions (guest.ts), so a figure says how many of
 * them a packet takes, of a kernel that makes use of what this processor has; not what memory and a real
 * processor's several units make of them.
 */
import { mkdir, readFile } from 'node:fs/promises';
import type { Context, PathName } from '../../bench/context.ts';
import { measureEncryptedPackets, measureEncryptedTcp } from '../../bench/groups/encrypted.ts';
import { PathMaker } from '../../bench/make-paths.ts';
import { type Findings, figure } from '../../bench/result.ts';
import { compile } from '../../bench/traffic.ts';
import { hostReport } from '../kit/agent.ts';
import { type Figures, type Stage, upOf } from './steps.ts';

const PATHS: readonly PathName[] = ['castnet', 'castnet-encrypted', 'overlay-encrypted'];

/** What of a processor the two ciphers' programs in the kernel make use of, by /proc/cpuinfo's names. */
const INSTRUCTIONS = ['ssse3', 'avx2', 'avx512f', 'aes', 'pclmulqdq'];

const CIPHER = 'rfc4106(gcm(aes))';

export async function speed(stage: Stage): Promise<Figures> {
  const lab = upOf(stage);
  const directory = '/tmp/speed';
  await mkdir(directory, { recursive: true });
  const findings: Findings = { rows: [], series: [], notes: [] };
  const paths = new PathMaker({
    ...{ lab, directory, fastPath: false },
    note: (text) => findings.notes.push(text),
  });
  const context: Context = {
    ...{ lab, traffic: await compile(directory), quick: false, findings },
    path: (name) => paths.get(name),
    paths: (names) => paths.all(names.filter((it) => PATHS.includes(it))),
    say: (text) => {
      stage.signal.throwIfAborted();
      stage.say(text);
    },
  };
  try {
    await measureEncryptedTcp(context);
    await measureEncryptedPackets(context);
    for (const host of lab.hosts) {
      const { wireguard } = await hostReport(host);
      if (wireguard?.by !== 'kernel')
        throw new Error(`${host.name}: carried by ${wireguard?.by ?? 'nothing'}`);
    }
  } finally {
    await paths.close();
  }
  if (findings.notes.length > 0) throw new Error(findings.notes.join('; '));
  const cpu = await readFile('/proc/cpuinfo', 'utf8');
  const crypto = await readFile('/proc/crypto', 'utf8');
  return {
    'the processor has': instructionsIn(cpu).join(', '),
    'ESP’s cipher by': driverOf(CIPHER, crypto) ?? 'nothing',
    ...Object.fromEntries(findings.series.flatMap(valuesOf)),
    ...Object.fromEntries(findings.rows.map((it) => [it.figure, it.measured])),
  };
}

function valuesOf({ title, unit, values }: Findings['series'][0]): [string, string][] {
  return values.map(({ name, value }) => [`${title}: ${name}`, `${figure(value)} ${unit}`]);
}

/** @param text of /proc/cpuinfo */
function instructionsIn(text: string): string[] {
  const flags = /^flags\s*:(.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
  return INSTRUCTIONS.filter((it) => flags.includes(it));
}

/**
 * What the kernel takes for an algorithm: of those that it knows, the one of the highest priority
 * (crypto/api.c, __crypto_alg_lookup).
 * @param text of /proc/crypto
 * @returns its driver's name
 */
export function driverOf(algorithm: string, text: string): string | undefined {
  const found = text.split('\n\n').map((entry) => {
    const of = (key: string) => new RegExp(`^${key}\\s*: (.*)$`, 'm').exec(entry)?.[1];
    return { name: of('name'), driver: of('driver'), priority: Number(of('priority')) };
  });
  const own = found.filter((it) => it.name === algorithm);
  return own.sort((a, b) => b.priority - a.priority)[0]?.driver;
}
