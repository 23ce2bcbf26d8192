import { bytesPerSecond, count, plural } from './format.ts';
import { arrived, paused, trouble, view } from './state.ts';
import { choice, nextTheme } from './theme.ts';

const THEMES = { auto: '◐', dark: '☾', light: '☀' };

/** The Swarm in figures, and the page's own switches. */
export function Header({ onHelp }: { onHelp: () => void }) {
  const { hosts, networks, containers, groups } = view.value;
  const up = hosts.filter((it) => it.silent === undefined).length;
  const bytes = networks.reduce((sum, it) => sum + it.bytes, 0);
  return (
    <header>
      <h1>
        <img src="/icon.svg" alt="" width="26" height="26" />
        castnet
      </h1>
      <ul class="figures" aria-label="The Swarm">
        <Figure
          value={up === hosts.length ? String(up) : `${up}/${hosts.length}`}
          of={plural(hosts.length, 'host')}
          isBad={up < hosts.length}
        />
        <Figure value={String(networks.length)} of={plural(networks.length, 'network')} />
        <Figure value={String(containers.length)} of={plural(containers.length, 'container')} />
        <Figure value={String(groups.length)} of={plural(groups.length, 'group')} />
        <Figure value={bytesPerSecond(bytes)} of="sent" />
      </ul>
      <div class="switches">
        <Health />
        <button
          type="button"
          onClick={() => {
            paused.value = !paused.value;
          }}
          aria-pressed={paused.value}
          title="Hold the picture (p)"
        >
          {paused.value ? '▶' : '❚❚'}
          <span class="hidden">{paused.value ? 'Go on' : 'Pause'}</span>
        </button>
        <button type="button" onClick={nextTheme} title={`Colours: ${choice.value} (t)`}>
          {THEMES[choice.value]}
          <span class="hidden">Colours: {choice.value}</span>
        </button>
        <button type="button" onClick={onHelp} title="Keys (?)">
          ?<span class="hidden">Keys</span>
        </button>
      </div>
    </header>
  );
}

function Figure({ value, of, isBad = false }: { value: string; of: string; isBad?: boolean }) {
  return (
    <li class={isBad ? 'bad' : ''}>
      <b>{value}</b> {of}
    </li>
  );
}

function Health() {
  const { hosts } = view.value;
  const silent = hosts.filter((it) => it.silent !== undefined).length;
  const wrong = hosts.filter((it) => it.troubles.length > 0).length;
  const [look, text] =
    trouble.value !== ''
      ? [arrived.value ? 'bad' : 'wait', arrived.value ? 'No news' : 'Connecting']
      : paused.value
        ? ['wait', 'Paused']
        : silent > 0
          ? ['bad', `${count(silent, 'host')} silent`]
          : wrong > 0
            ? ['bad', `Trouble on ${count(wrong, 'host')}`]
            : ['good', 'All is well'];
  return (
    <span class={`health ${look}`} role="status">
      {text}
    </span>
  );
}
