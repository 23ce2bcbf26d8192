import { openLab } from '../lab.ts';
import { mustRun, run } from '../run.ts';
import { Capture } from './support/capture.ts';
import { settled } from './support/kernel.ts';
import {
  createNetwork,
  removeContainers,
  removeNetwork,
  runContainer,
  vniOf,
} from './support/stack.ts';
import { closeStations, startStations } from './support/station.ts';

const lab = await openLab('test-dev');
await createNetwork(lab, 'scratch');
const cs = [];
for (const host of lab.hosts)
  for (const w of ['a', 'b'])
    cs.push(await runContainer(host, { network: 'scratch', name: `scratch-${host.name}-${w}` }));
await settled(lab, 'scratch');
const vni = await vniOf(lab, 'scratch');
const all = await startStations(cs);
const h1 = lab.hosts[0]!;
const show = async (what: string) => {
  for (const a of [
    ['bridge', '-d', '-s', 'mdb', 'show', 'dev', `cb${vni}`],
    ['bridge', 'fdb', 'show', 'dev', `cx${vni}`],
  ])
    console.log(what, (await run(h1.enter(['nsenter', '--net=/run/netns/castnet', ...a]))).stdout);
};
const cap = await Capture.start(h1);
for (let i = 0; i < 12; i++) {
  await all[0]!.say({ to: '239.79.0.1', tag: `t${i}`, count: 5 });
  await cap.fence(all[0]!, all.slice(2));
  console.log(i, JSON.stringify(cap.copies(`t${i}`)));
  if (i === 0 || i === 11) await show(String(i));
  await new Promise((r) => setTimeout(r, 400));
}
await cap.stop();
await closeStations(all);
await removeContainers(cs);
await removeNetwork(lab, 'scratch');
