import { signal } from '@preact/signals';
import type { ComponentChild } from 'preact';
import { Containers } from './containers.tsx';
import { Events } from './events.tsx';
import { Probe } from './probe.tsx';
import { Services } from './services.tsx';
import { Traffic } from './traffic.tsx';

const TABS = [
  { name: 'Traffic', show: () => <Traffic /> },
  { name: 'Services', show: () => <Services /> },
  { name: 'Probe', show: () => <Probe /> },
  { name: 'Events', show: () => <Events /> },
  { name: 'Containers', show: () => <Containers /> },
] satisfies { name: string; show: () => ComponentChild }[];

const shown = signal(0);

/** @param at from 0 */
export function showTab(at: number): void {
  if (at >= 0 && at < TABS.length) shown.value = at;
}

/** What stands below the picture, one at a time. */
export function Tabs() {
  const tab = TABS[shown.value] as (typeof TABS)[number];
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    showTab((shown.value + step + TABS.length) % TABS.length);
    document.getElementById(`tab-${shown.value}`)?.focus();
  };
  return (
    <section class="panel tabs">
      <div role="tablist" aria-label="More of the Swarm" onKeyDown={onKeyDown}>
        {TABS.map(({ name }, at) => (
          <button
            type="button"
            role="tab"
            key={name}
            id={`tab-${at}`}
            aria-selected={at === shown.value}
            aria-controls="tab"
            tabIndex={at === shown.value ? 0 : -1}
            title={`${name} (${at + 1})`}
            onClick={() => showTab(at)}
          >
            {name}
          </button>
        ))}
      </div>
      <div id="tab" role="tabpanel" aria-labelledby={`tab-${shown.value}`}>
        {tab.show()}
      </div>
    </section>
  );
}
