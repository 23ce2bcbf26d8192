import type { Check } from '../../contract/commands.ts';
import type { Finding } from '../../contract/finding.ts';
import type { KnownNetwork } from '../../core/diagnosis/checkup.ts';
import { inCommand } from '../../core/in-command.ts';
import { type Docker, linesOf } from '../plugin/docker.ts';

/** castnet's networks, as a host's Engine knows them. */
export interface Networks {
  readonly usable: readonly KnownNetwork[];
  /** Names of those that have no VNI: the plugin refused an option when the Swarm asked it. */
  readonly refused: readonly string[];
}

/** @throws DockerError when the Engine does not answer */
export async function networksOf(docker: Docker, plugin: string): Promise<Networks> {
  const ids = linesOf(await docker(['network', 'ls', '-q', '--filter', `driver=${plugin}`]));
  if (ids.length === 0) return { usable: [], refused: [] };
  const format = '{{json .Name}} {{json (index .Options "vni")}}';
  // One that is being removed is no failure.
  const text = await docker(['network', 'inspect', ...ids, '--format', format]).catch(() => '');
  const all = linesOf(text).map((line) => {
    const [name = '', vni] = line.split(' ').map((it) => String(JSON.parse(it)));
    return { name, vni: Number(vni) };
  });
  const has = (it: KnownNetwork) => it.vni > 0;
  return { usable: all.filter(has), refused: all.filter((it) => !has(it)).map((it) => it.name) };
}

/** Docker makes a network whose options the plugin refuses, and says so in a log only. */
export function networksCheck({ usable, refused }: Networks): Check {
  const findings = refused.map((name): Finding => {
    const word = inCommand(name, 'NETWORK');
    return {
      code: 'network-refused',
      severity: 'error',
      what: `network ${name} has no VXLAN network id, because an option of it was refused: no container can join it`,
      remedy: `on the Swarm’s leader, for the reason: journalctl -u docker | grep 'Failed allocation'; then docker network rm ${word}, and make it anew`,
    };
  });
  const names = usable.map((it) => it.name).sort();
  return { name: 'Networks', detail: names.join(', ') || 'none yet', findings };
}
