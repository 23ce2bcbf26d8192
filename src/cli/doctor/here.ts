import { existsSync } from 'node:fs';
import type { Check } from '../../contract/commands.ts';
import type { Finding } from '../../contract/finding.ts';
import { mustRun, withSbin } from '../../system/run.ts';
import type { CheckResult } from '../plugin/checks.ts';
import type { Docker } from '../plugin/docker.ts';
import { inspectPlugin } from '../plugin/state.ts';

/** A check made before an installation, as a check of the doctor. */
export function asCheck({ name, ok, detail, remedy }: CheckResult): Check {
  const code: Finding['code'] = name.startsWith('Kernel') ? 'kernel' : 'docker';
  const finding: Finding = {
    code,
    severity: 'error',
    what: `${name}: ${detail}`,
    remedy: remedy ?? 'see docs/installing.md',
  };
  return { name, detail, findings: ok ? [] : [finding] };
}

/** Docker's routing mesh needs IPVS: without it published ports of services do not answer. */
export async function ipvsCheck(): Promise<Check> {
  const name = 'IPVS';
  if (existsSync('/proc/net/ip_vs')) return { name, detail: 'loaded', findings: [] };
  const loadable = await mustRun(['modprobe', '-n', '-q', 'ip_vs'], '', { env: withSbin() }).then(
    () => true,
    () => false,
  );
  if (loadable) return { name, detail: 'a module, loaded when it is needed', findings: [] };
  return {
    name,
    detail: 'missing',
    findings: [
      {
        code: 'ipvs',
        severity: 'warning',
        what: 'the kernel has no IPVS: Docker’s routing mesh (ports published in ingress mode) does not work on this host; castnet’s own virtual IPs do not need it',
        remedy: 'modprobe ip_vs; or publish ports with mode=host',
      },
    ],
  };
}

/** The plugin on this host's Engine. */
export async function pluginCheck(docker: Docker, plugin: string): Promise<Check> {
  const name = 'Plugin';
  const missing = (what: string, remedy: string): Check => ({
    name,
    detail: what,
    findings: [{ code: 'plugin-missing', severity: 'error', what, remedy }],
  });
  const state = await inspectPlugin(docker, plugin);
  if (state === undefined) {
    return missing(`the plugin ${plugin} is not installed on this host`, 'castnet plugin install');
  }
  if (!state.enabled) {
    return missing(
      `the plugin ${plugin} is disabled on this host`,
      `docker plugin enable ${plugin}`,
    );
  }
  return {
    name,
    detail: `${plugin} ${state.version ?? ''} (build ${state.build ?? '-'})`,
    findings: [],
  };
}
