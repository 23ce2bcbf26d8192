/** Looks at the demo: asks Docker which containers there are, and each container what it hears. */
import { engineRequest } from '../../lab/engine.ts';
import type { Lab, LabHost } from '../../lab/lab.ts';
import { type Container, lastReport, type Scene } from './hearing.ts';

/** Name of the service of stack.yml, deployed as the stack "demo". */
const SERVICE = 'demo_client';

/** Log lines to look through; between two reports there are only Moleculer's warnings. */
const LOG_LINES = 20;

/** Milliseconds: a stuck Engine must not stop the display. */
const ANSWER_MS = 3_000;

/** Failures to tell of; each of a broken service's containers fails again and again. */
const FAILURES = 3;

type Task = {
  Slot: number;
  DesiredState: string;
  NodeID?: string;
  Status: {
    State: string;
    Timestamp: string;
    Err?: string;
    ContainerStatus?: { ContainerID?: string };
  };
  NetworksAttachments?: { Addresses?: string[] }[];
};
type Service = { Spec: { Mode: { Replicated?: { Replicas: number } } } };
type Node = { ID: string; Status: { Addr: string } };

/** What Docker and the containers say now. Errors: when no manager answers. */
export async function observe(lab: Lab): Promise<Scene> {
  const errors: unknown[] = [];
  for (const manager of lab.hosts.filter(({ role }) => role === 'manager')) {
    try {
      return await observeFrom(manager, lab);
    } catch (error) {
      // Somebody may be trying what happens when a host fails: ask the next one.
      errors.push(error);
    }
  }
  throw new AggregateError(errors, `no manager answers: ${errors.map(String).join('; ')}`);
}

async function observeFrom(manager: LabHost, lab: Lab): Promise<Scene> {
  const filters = JSON.stringify({ service: [SERVICE] });
  const [service, tasks, nodes] = await Promise.all([
    get<Service>(manager, `/services/${SERVICE}`),
    get<Task[]>(manager, `/tasks?filters=${encodeURIComponent(filters)}`),
    get<Node[]>(manager, '/nodes'),
  ]);
  const containers = await Promise.all(
    tasks
      .filter(({ DesiredState: desired }) => desired === 'running')
      .sort((a, b) => a.Slot - b.Slot)
      .map((task) => {
        const address = nodes.find(({ ID: id }) => id === task.NodeID)?.Status.Addr;
        return look(
          task,
          lab.hosts.find((host) => host.address === address),
        );
      }),
  );
  return {
    containers,
    expected: service.Spec.Mode.Replicated?.Replicas ?? 0,
    hosts: lab.hosts.map(({ name }) => name),
    failures: failuresOf(tasks),
  };
}

function failuresOf(tasks: Task[]): string[] {
  const failed = tasks.filter(({ Status: { State: state } }) => /^(failed|rejected)$/.test(state));
  return failed
    .sort((a, b) => a.Status.Timestamp.localeCompare(b.Status.Timestamp))
    .slice(-FAILURES)
    .map(({ Slot: slot, Status: { State, Err } }) => `client.${slot} ${State}: ${Err ?? '?'}`);
}

async function look(task: Task, host: LabHost | undefined): Promise<Container> {
  const { State: state, Err: complaint, ContainerStatus: container } = task.Status;
  const id = container?.ContainerID;
  const log =
    host === undefined || !id || state !== 'running'
      ? ''
      : await get<string>(host, `/containers/${id}/logs?stdout=1&tail=${LOG_LINES}`)
          // The host is down, or the container has just ended: then it reports nothing.
          .catch(() => '');
  return {
    slot: task.Slot,
    host: host?.name ?? '',
    address: task.NetworksAttachments?.[0]?.Addresses?.[0]?.split('/')[0] ?? '',
    state: complaint ? `${state}: ${complaint}` : state,
    report: lastReport(log, Date.now()),
  };
}

function get<T>({ socket }: LabHost, path: string): Promise<T> {
  return engineRequest<T>({ socket, method: 'GET', path, timeoutMs: ANSWER_MS });
}
