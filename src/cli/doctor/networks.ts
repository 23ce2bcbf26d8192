import * as z from 'zod';
import type { Check } from '../../contract/commands.ts';
import type { Finding } from '../../contract/finding.ts';
import type { KnownNetwork } from '../../core/diagnosis/checkup.ts';
import { inCommand } from '../../core/in-command.ts';
import { type Docker, linesOf } from '../plugin/docker.ts';

/** castnet's networks, as a host's Engine knows them. */
export interface Networks {
  readonly usable: readonly KnownNetwork[];
  /**
   * Names of networks of the Swarm that it could not allocate, as a manager lists them: most often their driver
   * refused an option. Which driver that is, Docker does not tell.
   */
  readonly refused: readonly string[];
}

const Listed = z.object({
  ID: z.string(),
  Name: z.string(),
  Driver: z.string(),
  Scope: z.string(),
});

/** @throws DockerError when the Engine does not answer */
export async function networksOf(docker: Docker, plugin: string): Promise<Networks> {
  const text = await docker(['network', 'ls', '--no-trunc', '--format', '{{json .}}']);
  const listed = linesOf(text).map((line) => Listed.parse(JSON.parse(line)));
  const refused = listed.filter((it) => it.Scope === 'swarm' && it.Driver === '');
  const ids = listed.flatMap((it) => (it.Driver === plugin ? [it.ID] : []));
  const usable = ids.length === 0 ? [] : await withVni(docker, ids);
  return { usable, refused: refused.map((it) => it.Name) };
}

async function withVni(docker: Docker, ids: readonly string[]): Promise<KnownNetwork[]> {
  const format = '{{json .Name}} {{json (index .Options "vni")}}';
  // One that is being removed is no failure.
  const text = await docker(['network', 'inspect', ...ids, '--format', format]).catch(() => '');
  return linesOf(text).flatMap((line) => {
    const [name = '', vni] = line.split(' ').map((it) => String(JSON.parse(it)));
    return Number(vni) > 0 ? [{ name, vni: Number(vni) }] : [];
  });
}

/** Docker makes a network whose options the plugin refuses, and says so in a log only. */
export function networksCheck({ usable, refused }: Networks): Check {
  const findings = refused.map((name): Finding => {
    const word = inCommand(name, 'NETWORK');
    return {
      code: 'network-refused',
      severity: 'error',
      what: `network ${name} is there, but the Swarm could not allocate it, as when an option is refused: no container can join it`,
      remedy: `on the Swarm’s leader, for the reason: journalctl -u docker | grep 'Failed allocation'; then docker network rm ${word}, and make it anew`,
    };
  });
  const names = usable.map((it) => it.name).sort();
  return { name: 'Networks', detail: names.join(', ') || 'none yet', findings };
}
