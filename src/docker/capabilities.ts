import * as z from 'zod';
import { type Engine, EngineError } from './engine.ts';

const Container = z.object({
  HostConfig: z.object({
    Privileged: z.boolean().nullish(),
    CapAdd: z.array(z.string()).nullish(),
  }),
  NetworkSettings: z.object({ SandboxKey: z.string() }),
});

const RIGHTS = new Set(['NET_ADMIN', 'CAP_NET_ADMIN', 'SYS_ADMIN', 'CAP_SYS_ADMIN', 'ALL']);

/**
 * Finds the containers that may change their own firewall. A container's rights never change, so
 * one that may not is asked about once.
 * @returns a function that gives the paths of their network namespaces
 */
export function watchNetAdmins(engine: Engine): () => Promise<ReadonlySet<string>> {
  /** Containers that may not, by id. Bounded by what runs here. */
  let harmless = new Set<string>();
  return async () => {
    const running = z
      .array(z.object({ Id: z.string() }))
      .parse(await engine.get('/containers/json'));
    const able = new Set<string>();
    const next = new Set<string>();
    for (const { Id } of running) {
      // One that may is asked about each time: restarted, it has another namespace.
      const path = harmless.has(Id) ? undefined : await sandboxIfAble(engine, Id);
      if (path === undefined) next.add(Id);
      else able.add(path);
    }
    harmless = next;
    return able;
  };
}

async function sandboxIfAble(engine: Engine, id: string): Promise<string | undefined> {
  const found = await engine.get(`/containers/${id}/json`).catch((error: unknown) => {
    // It has gone since it was listed.
    if (error instanceof EngineError && error.status === 404) return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  const { HostConfig, NetworkSettings } = Container.parse(found);
  const able = HostConfig.Privileged === true || HostConfig.CapAdd?.some((it) => RIGHTS.has(it));
  return able ? NetworkSettings.SandboxKey : undefined;
}
