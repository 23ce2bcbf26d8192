/** What people and their programs give: command lines, settings, questions to the agent. */
import { Command, CommanderError } from 'commander';
import { registerLab } from '../../lab/command/lab.ts';
import { answerPeer, localApi, type Reporter } from '../../src/api/api.ts';
import { registerInspect } from '../../src/cli/inspect.ts';
import { UserError } from '../../src/cli/output.ts';
import { registerPlugin } from '../../src/cli/plugin/plugin.ts';
import { checkSettings, collectSetting } from '../../src/cli/plugin/settings.ts';
import { parseState, pluginName } from '../../src/cli/plugin/state.ts';
import { registerServices } from '../../src/cli/services.ts';
import { readConfig } from '../../src/config.ts';
import { aReport } from '../../src/contract/testing/report.ts';
import { type LiveAnswer, swarmView } from '../../src/core/views/swarm-view.ts';
import { Fault } from '../../src/net/fault.ts';
import { must, type Target } from '../fuzz.ts';
import { mutated } from '../inputs.ts';

/** A message for a person, or a fault of castnet. */
function said(error: unknown): string {
  const fine =
    error instanceof UserError || error instanceof CommanderError || error instanceof Fault;
  if (!fine) throw error;
  must(!/\n\s+at /.test(error.message), 'a person is shown a stack trace');
  return error.message.replaceAll(/['"][^'"]*['"]|\d+/g, '#').slice(0, 40);
}

/** The whole command line, of which no command does anything. */
function program(): Command {
  const made = new Command('castnet').exitOverride();
  for (const register of [registerPlugin, registerInspect, registerServices, registerLab])
    register(made);
  const quiet = (command: Command): void => {
    command.exitOverride().configureOutput({ writeErr() {}, writeOut() {} });
    if (command.commands.length === 0) command.action(() => {});
    for (const it of command.commands) quiet(it);
  };
  quiet(made);
  return made;
}

const commandLines: Target<string> = {
  name: 'command lines',
  inputs: mutated(
    [
      'plugin install --name castnet:latest --set LOG_LEVEL=debug -H unix:///x.sock',
      'plugin uninstall --force -c default',
      'status --json',
      'groups --watch --socket /x',
      'services mynet --json',
      'lab up --name x --hosts 3',
      'lab exec h1 --name x -- ip address',
      'lab docker h1 -- ps -a',
      '--version',
    ],
    ' ',
  ),
  take(input) {
    try {
      program().parse(input.split(' '), { from: 'user' });
      return 'taken';
    } catch (error) {
      return said(error);
    }
  },
};

const SET = [
  'LOG_LEVEL=debug',
  'CASTNET_PORT=4790',
  'CASTNET_TUNNEL_ADDRESS=10.0.0.1',
  'swarm.source=/x',
];

const pluginSettings: Target<string> = {
  name: 'settings of the plugin',
  inputs: mutated([...SET, 'castnet:latest', 'registry.local/castnet:1.0']),
  take(input) {
    const told: string[] = [];
    for (const use of [() => checkSettings(collectSetting(input)), () => pluginName(input)]) {
      try {
        use();
        told.push('fine');
      } catch (error) {
        told.push(said(error));
      }
    }
    return told.join();
  },
};

const environment: Target<string> = {
  name: 'settings of the agent',
  inputs: mutated(SET.map((it) => JSON.stringify(Object.fromEntries([it.split('=')])))),
  take(input) {
    try {
      // A program's environment holds texts only.
      const texts = Object.entries(JSON.parse(input) ?? {}).filter(
        (it) => typeof it[1] === 'string',
      );
      return Object.keys(
        readConfig({ CASTNET_VERSION: '0.1.0', ...Object.fromEntries(texts) }),
      ).join();
    } catch (error) {
      return error instanceof SyntaxError ? 'not JSON' : said(error);
    }
  },
};

const inspected: Target<string> = {
  name: 'docker plugin inspect',
  inputs: mutated([
    '{"Id":"ab","Enabled":true,"Config":{"Env":[{"Name":"LOG_LEVEL","Value":"info","Settable":["value"]}],"Mounts":[{"Name":"swarm","Source":"/var/lib/docker/swarm","Settable":["source"]}]},"Settings":{"Env":["LOG_LEVEL=debug","CASTNET_VERSION=0.1.0"],"Mounts":[{"Name":"swarm","Source":"/x"}]}}',
  ]),
  take(input) {
    try {
      return [...parseState(input).settings.keys()].join().slice(0, 60);
    } catch (error) {
      // Docker wrote it: one that is not understood is a fault to report, in zod's words.
      const { name } = error as Error;
      must(name === 'ZodError' || name === 'SyntaxError', `${(error as Error).stack}`);
      return name;
    }
  },
};

const host = aReport({ agent: '0' });
const REPORT =
  '{"version":1,"agent":"0.1.0","peerPort":4790,"now":1,"startedAt":1,"encryption":"none","refusedSteps":0,"node":"abc","tunnel":{"address":"10.9.0.2","port":4789,"mtu":1450},"peers":[],"networks":[{"id":"net1","vni":8000001,"name":"mynet","options":{},"hosts":["10.9.0.2"],"endpoints":[{"id":"e1","port":"cv1","address":"10.0.0.2/24","mac":"02:42:0a:00:00:02","carriesMulticast":true}],"joined":[{"bridge":"cb8000001","port":"cv1","group":"239.1.1.1","mode":"exclude"}],"refused":[],"groups":[{"group":"239.1.1.1","mode":"exclude","sources":[]}]}]}';

const LIVE = `{"name":"h2","report":${REPORT},"traffic":{"at":5000.5,"devices":[{"dev":"cv1","receivedBytes":1,"receivedPackets":1,"receivedDropped":0,"sentBytes":1,"sentPackets":1,"sentDropped":0}],"flows":[{"port":"cv1","source":"10.0.0.2","group":"239.1.1.1","packets":7,"bytes":700}],"dropped":[]},"events":[{"id":"a-1","at":1,"level":"info","text":"x"}]}`;

/** What the agent is asked by people; `answer` is what the other hosts say to its questions. */
const questions: Target<string> = {
  name: 'questions to the agent',
  inputs: mutated([
    'GET /v1/host',
    'GET /v1/plan',
    'GET /v1/swarm',
    'GET /v1/live',
    'GET /metrics',
    'POST /v1/groups {"x":1}',
    'GET /v1/services?x=1',
    'flows {"milliseconds":1000}',
    'report null',
    'balance {}',
    'live {}',
  ]),
  async take(input) {
    const [method = '', path = '', ...rest] = input.split(' ');
    const reporter: Reporter = {
      report: () => host,
      plan: async () => [],
      flows: async (milliseconds) => {
        must(milliseconds > 0 && milliseconds <= 10_000, `flows for ${milliseconds} ms`);
        return { host: '', seconds: 1, flows: [], dropped: [] };
      },
      balance: async () => ({ services: [], counts: [] }) as never,
      live: async () => ({
        name: 'h1',
        report: host,
        traffic: { at: 0, devices: [], flows: [], dropped: [] },
        events: [],
      }),
      metrics: async () => ({ text: '', type: 'text/plain' }),
      askPeers: async () => {},
    };
    if (/^(GET|POST|PUT|DELETE|HEAD)$/.test(method)) {
      const url = `http://castnet${encodeURI(path.toWellFormed()).replace(/^(?!\/)/, '/')}`;
      const body = method === 'GET' || method === 'HEAD' ? null : rest.join(' ');
      const { status } = await localApi(reporter).request(url, { method, body });
      must(status < 500, `status ${status}`);
      return `${method} ${status}`;
    }
    let args: unknown;
    try {
      args = JSON.parse(input.slice(method.length + 1));
    } catch {}
    try {
      return Object.keys(await answerPeer(reporter, { what: method, args, scope: 'all' })).join();
    } catch (error) {
      must((error as Error).message.includes('is not a question'), `${(error as Error).stack}`);
      return 'no question';
    }
  },
};

/** A host of another release, or one that lies, answers with anything. */
const answers: Target<string> = {
  name: 'answers of other hosts',
  inputs: mutated([
    `/v1/swarm ${REPORT}`,
    `/v1/groups ${REPORT}`,
    `/v1/services ${REPORT}`,
    `/v1/live ${LIVE}`,
    '/v1/groups {"host":"10.9.0.2","seconds":1,"flows":[{"port":"cv1","source":"10.0.0.2","group":"239.1.1.1","packets":7,"bytes":700}],"dropped":[{"vni":8000001,"packets":1,"bytes":60}]}',
    '/v1/services {"services":[{"network":"net1","name":"web","vip":"10.0.0.9"}],"counts":[{"vip":"10.0.0.9","task":"10.0.0.2","connections":1,"packets":7,"bytes":700}]}',
  ]),
  async take(input) {
    const [path = ''] = input.split(' ');
    let answer: unknown;
    try {
      answer = JSON.parse(input.slice(path.length));
    } catch {
      return 'not JSON';
    }
    const reporter: Reporter = {
      report: () => JSON.parse(REPORT),
      plan: async () => [],
      flows: async () => ({ host: '10.9.0.1', seconds: 1, flows: [], dropped: [] }),
      balance: async () => ({ services: [], counts: [] }),
      live: async () => ({
        name: 'h1',
        report: JSON.parse(REPORT),
        traffic: { at: 0, devices: [], flows: [], dropped: [] },
        events: [],
      }),
      metrics: async () => ({ text: '', type: 'text/plain' }),
      askPeers: async (_, take) => void (await take({ address: '10.9.0.2', answer })),
    };
    const app = localApi(reporter);
    app.onError((error) => {
      throw error;
    });
    const reply = await app.request(encodeURI(path.toWellFormed()).replace(/^(?!\/)/, '/'));
    must(reply.status < 500, `status ${reply.status}`);
    if (reply.status !== 200) return `${reply.status}`;
    const said = (await reply.json()) as LiveAnswer;
    const { silent = [] } = said;
    // What the dashboard makes of it.
    if (path === '/v1/live') swarmView(said, said, { troubles: () => [], names: new Map() });
    return `${path} ${silent.map((it) => it.error)}`.slice(0, 80);
  },
};

export const peopleTargets: readonly Target[] = [
  commandLines,
  pluginSettings,
  environment,
  inspected,
  questions,
  answers,
];
