import { release } from 'node:os';
import { FEATURES, type Feature, featureRemedy, MODULES } from '../../core/diagnosis/features.ts';
import { chooseApi } from '../../core/docker-api.ts';
import type { Fault } from '../../net/fault.ts';
import { ARCHITECTURES, isArchitecture } from './architecture.ts';
import { type Docker, type EngineChoice, endpointOf } from './docker.ts';
import { type EngineFacts, engineFacts } from './engine.ts';
import { tryFeature, type Verdict } from './kernel.ts';

/** One thing looked at before the plugin is installed. */
export interface CheckResult {
  readonly name: string;
  /** False stops the installation; something that could not be looked at does not. */
  readonly ok: boolean;
  /** What was found, in plain words. */
  readonly detail: string;
  /** What to do about it, a command where there is one. */
  readonly remedy?: string;
}

export interface ChecksInput extends EngineChoice {
  readonly docker: Docker;
  /** How a kernel feature is tried; another one in tests. */
  readonly tryFeature?: (feature: Feature) => Promise<Verdict>;
  /** This machine's kernel release. */
  readonly kernel?: string;
}

export interface ChecksOutcome {
  readonly results: readonly CheckResult[];
  /** Undefined when the Engine did not answer. */
  readonly engine: EngineFacts | undefined;
}

/** Looks at the Engine and, where it is on this machine, at the kernel. Never throws. */
export async function runChecks(input: ChecksInput): Promise<ChecksOutcome> {
  let engine: EngineFacts;
  try {
    engine = await engineFacts(input.docker);
  } catch (error) {
    return { results: [unreachable(error as Error)], engine: undefined };
  }
  const results = [
    checkVersion(engine),
    checkPlatform(engine),
    checkRootless(engine),
    checkSwarm(engine),
    ...(await checkKernel(input, engine)),
  ];
  return { results, engine };
}

function unreachable(error: Error): CheckResult {
  return {
    name: 'Docker Engine',
    ok: false,
    detail: error.message.split('\n')[0] ?? '',
    remedy: /permission denied/i.test(error.message)
      ? 'Run the command as root, or as a member of the group docker.'
      : 'Start it (systemctl start docker), or choose another with --host, --context or DOCKER_HOST.',
  };
}

function checkVersion({ version, apiVersion, apiLeast }: EngineFacts): CheckResult {
  const name = 'Docker Engine';
  const detail = `${version}, API ${apiLeast} to ${apiVersion}`;
  try {
    chooseApi({ engine: version, least: apiLeast, most: apiVersion });
    return { name, ok: true, detail };
  } catch (error) {
    const [what, ...remedy] = (error as Fault).message.split('. ');
    return { name, ok: false, detail: what ?? detail, remedy: remedy.join('. ') };
  }
}

function checkPlatform({ os, architecture }: EngineFacts): CheckResult {
  const ok = os === 'linux' && isArchitecture(architecture);
  const detail = `${os} ${architecture}`;
  if (ok) return { name: 'Platform', ok, detail };
  return {
    name: 'Platform',
    ok,
    detail: `${detail}; castnet's plugin is made for linux ${ARCHITECTURES.join(' and ')}`,
    remedy: 'Use a Linux host with one of these processors.',
  };
}

function checkRootless({ rootless }: EngineFacts): CheckResult {
  if (!rootless) return { name: 'Root', ok: true, detail: 'the Engine runs as root' };
  return {
    name: 'Root',
    ok: false,
    detail: 'this is a rootless Engine, which has no right to make VXLAN devices',
    remedy: "Choose the system's own Engine: --host unix:///var/run/docker.sock",
  };
}

function checkSwarm({ swarm }: EngineFacts): CheckResult {
  const notes: Record<string, string> = {
    active: 'this node is part of a Swarm',
    inactive: 'this node is not in a Swarm yet; castnet waits for `docker swarm init` or `join`',
    locked: 'the Swarm is locked on this node; castnet waits for `docker swarm unlock`',
  };
  return { name: 'Swarm', ok: true, detail: notes[swarm] ?? `this node's state is ${swarm}` };
}

async function checkKernel(input: ChecksInput, engine: EngineFacts): Promise<CheckResult[]> {
  const endpoint = await endpointOf(input.docker, input);
  // A socket alone does not prove it: Docker Desktop's leads into a virtual machine.
  const local = endpoint?.startsWith('unix:') && engine.kernel === (input.kernel ?? release());
  if (!local) {
    return [
      {
        name: 'Kernel',
        ok: true,
        detail: `could not be checked from here: the Engine is on another machine (${endpoint ?? 'unknown'})`,
        remedy: `To check it there, as root: modprobe -a ${MODULES.join(' ')}`,
      },
    ];
  }
  const attempt = input.tryFeature ?? tryFeature;
  return Promise.all(
    FEATURES.map(async (feature) => featureResult(feature, await attempt(feature))),
  );
}

function featureResult(feature: Feature, verdict: Verdict): CheckResult {
  const name = `Kernel ${feature.name}`;
  const remedy = featureRemedy(feature);
  if (verdict.has === 'yes') return { name, ok: true, detail: 'works' };
  if (verdict.has === 'unknown') {
    const detail = `could not be checked from here: ${verdict.detail}`;
    return { name, ok: true, detail, remedy: `To check it, as root: ${remedy}` };
  }
  const detail = `missing: ${verdict.detail} (${feature.why})`;
  return { name, ok: false, detail, remedy };
}
