import { FEATURES, featureRemedy, type MissingFeature } from '../core/diagnosis/features.ts';
import { run } from '../system/run.ts';
import { netfilter } from './namespace.ts';

let missing: readonly MissingFeature[] = [];
let lockable: boolean | undefined;

/**
 * What this host's kernel lacks of what castnet needs, as far as it was tried; empty until then.
 * `castnet plugin install` can look only where it runs, so the agent looks for itself.
 */
export function missingFeatures(): readonly MissingFeature[] {
  const { problem } = netfilter;
  if (problem === '') return missing;
  const remedy = 'In the namespace castnet: sysctl -w net.bridge.bridge-nf-call-iptables=0';
  const why = 'bridged packets pass no iptables';
  return [...missing, { name: 'bridge-nf-call-iptables=0', why, detail: problem, remedy }];
}

/** Tries each feature by doing it, in a namespace that goes with the trial. Never throws. */
export async function tryFeatures(): Promise<void> {
  const found: MissingFeature[] = [];
  // One after another: there is time, and containers wait for other things.
  for (const feature of FEATURES) {
    const { name, why, tool, script } = feature;
    const argv = tool === 'nft' ? ['nft', '-f', '-'] : [tool, '-batch', '-'];
    const detail = await run(['unshare', '--net', '--', ...argv], script).then(
      ({ status, stderr }) => (status === 0 ? undefined : stderr.trim() || `status ${status}`),
      (error: Error) => error.message,
    );
    if (detail !== undefined) found.push({ name, why, detail, remedy: featureRemedy(feature) });
  }
  missing = found;
}

/** Makes a port and locks it, as each container's is (Linux 5.16). */
const LOCK = [
  'link add castnet0 type bridge',
  'link add castnet1 type veth peer name castnet2',
  'link set castnet1 master castnet0',
  '',
].join('\n');

/**
 * Whether this kernel's bridges can lock a port to its own MACs. One that cannot takes no note of the
 * setting, so it is read back.
 */
export async function canLockPorts(): Promise<boolean> {
  lockable ??= await tryLock().catch(() => false);
  return lockable;
}

async function tryLock(): Promise<boolean> {
  const script = `
    const { execFileSync } = require('node:child_process');
    execFileSync('ip', ['-batch', '-'], { input: ${JSON.stringify(LOCK)} });
    execFileSync('bridge', ['link', 'set', 'dev', 'castnet1', 'locked', 'on']);
    process.stdout.write(execFileSync('ip', ['-json', '-details', 'link', 'show', 'dev', 'castnet1']));
  `;
  const { status, stdout } = await run([
    'unshare',
    '--net',
    '--',
    process.execPath,
    '--eval',
    script,
  ]);
  return status === 0 && isLocked(stdout);
}

/** Of `ip -json -details link show dev PORT`. */
export const isLocked = (json: string): boolean => /"locked":\s*true/.test(json);
