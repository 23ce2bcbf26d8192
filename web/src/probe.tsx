import { signal } from '@preact/signals';
import type { ProbePair, ProbeReport } from '../../src/contract/commands.ts';
import { hostName } from './hosts.ts';
import { view } from './state.ts';

const network = signal<string | undefined>(undefined);
const answer = signal<ProbeReport | undefined>(undefined);
const failure = signal('');
const running = signal(false);

/** Real packets between all hosts of a network, and the matrix of what arrived. */
export function Probe() {
  const { networks } = view.value;
  const chosen = networks.find((it) => it.name === network.value) ?? networks[0];
  return (
    <>
      <form
        class="probe"
        onSubmit={(event) => {
          event.preventDefault();
          if (chosen !== undefined) void probe(chosen.name);
        }}
      >
        <label>
          Network{' '}
          <select
            value={chosen?.name}
            onChange={(event) => {
              network.value = event.currentTarget.value;
            }}
          >
            {networks.map((it) => (
              <option key={it.name}>{it.name}</option>
            ))}
          </select>
        </label>
        <button type="submit" class="main" disabled={running.value || chosen === undefined}>
          {running.value ? 'Probing…' : 'Probe now'}
        </button>
        <span class="none">
          Sends unicast, multicast, broadcast and large packets between all hosts that have it.
        </span>
      </form>
      <div aria-live="polite">
        {failure.value !== '' && <p class="bad">{failure.value}</p>}
        {answer.value !== undefined && <Result of={answer.value} />}
      </div>
    </>
  );
}

async function probe(name: string): Promise<void> {
  running.value = true;
  failure.value = '';
  try {
    const response = await fetch(`/api/probe/${encodeURIComponent(name)}`, { method: 'POST' });
    const body = (await response.json()) as ProbeReport & { error?: string };
    if (!response.ok) throw new Error(body.error ?? `status ${response.status}`);
    answer.value = body;
  } catch (error) {
    answer.value = undefined;
    failure.value = (error as Error).message;
  }
  running.value = false;
}

function Result({ of }: { of: ProbeReport }) {
  const hosts = of.hosts.map((it) => it.address);
  const pair = (from: string, to: string) =>
    of.pairs.find((it) => it.from === from && it.to === to);
  return (
    <>
      <p class={of.ok ? 'good' : 'bad'}>
        {of.ok
          ? `On ${of.network} every kind of packet reaches every host.`
          : `On ${of.network} something does not arrive.`}
      </p>
      {of.findings.map((it) => (
        <p key={it.what} class={it.severity === 'error' ? 'bad' : 'wait'}>
          {it.what}
          <br />
          <code>{it.remedy}</code>
        </p>
      ))}
      <div class="scroll">
        <table class="matrix">
          <thead>
            <tr>
              <th>from ↓ to →</th>
              {hosts.map((it) => (
                <th key={it}>{hostName(it)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {hosts.map((from) => (
              <tr key={from}>
                <th>{hostName(from)}</th>
                {hosts.map((to) => (
                  <Cell key={to} isSelf={from === to} pair={pair(from, to)} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Cell({ isSelf, pair }: { isSelf: boolean; pair: ProbePair | undefined }) {
  if (isSelf) return <td class="self" />;
  if (pair === undefined) return <td class="wait">no part</td>;
  const lost = Object.entries(pair.kinds)
    .filter(([, it]) => it.sent > 0 && it.heard === 0)
    .map(([kind]) => kind);
  const ms = (it: number | undefined) => (it === undefined ? '–' : it.toFixed(2));
  return (
    <td class={pair.reached ? 'good' : 'bad'}>
      <b>{pair.reached ? 'reached' : lost.length > 0 ? `no ${lost.join(', ')}` : 'MTU'}</b>
      <small>
        {(pair.loss * 100).toFixed(1)} % loss · {ms(pair.p50)} / {ms(pair.p99)} ms
        {pair.pathMtu === undefined ? '' : ` · MTU ${pair.pathMtu}`}
      </small>
    </td>
  );
}
