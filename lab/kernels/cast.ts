/**
 * A container on each host, on one castnet network, and the programs in it: made by the first step that
 * asks, for an emulated processor takes seconds for each, and left to the end of the lab.
 */
import { type Container, createNetwork, runContainer } from '../kit/stack.ts';
import { type Station, startStations } from '../kit/station.ts';
import { Caller } from '../kit/vip.ts';
import { type Stage, upOf } from './steps.ts';

export const NETWORK = 'cast';

export type Cast = { containers: Container[]; callers?: Caller[]; stations?: Station[] };

export async function castOf(stage: Stage): Promise<Cast> {
  const lab = upOf(stage);
  if (stage.cast !== undefined) return stage.cast;
  await createNetwork(lab, NETWORK);
  const containers = await Promise.all(
    lab.hosts.map((host) => runContainer(host, { network: NETWORK, name: `cast-${host.name}` })),
  );
  stage.cast = { containers };
  return stage.cast;
}

/** Clients of services, in the order of the hosts. */
export async function callersOf(stage: Stage): Promise<Caller[]> {
  const cast = await castOf(stage);
  cast.callers ??= await Promise.all(cast.containers.map(Caller.start));
  return cast.callers;
}

/** Who speaks and hears, in the order of the hosts. */
export async function stationsOf(stage: Stage): Promise<Station[]> {
  const cast = await castOf(stage);
  cast.stations ??= await startStations(cast.containers);
  return cast.stations;
}
