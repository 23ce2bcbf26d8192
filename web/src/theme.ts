import { computed, signal } from '@preact/signals';
import type { GroupView } from '../../src/core/views/swarm-view.ts';
import { hues } from './map/trees.ts';
import { view } from './state.ts';

type Choice = 'auto' | 'dark' | 'light';

const NEXT: Record<Choice, Choice> = { auto: 'dark', dark: 'light', light: 'auto' };
const KEPT_AS = 'castnet-theme';

export const choice = signal<Choice>(stored());
const systemDark = matchMedia('(prefers-color-scheme: dark)');
const system = signal(systemDark.matches);
systemDark.addEventListener('change', (event) => {
  system.value = event.matches;
});

export const isDark = computed(() =>
  choice.value === 'auto' ? system.value : choice.value === 'dark',
);

export const isStill = matchMedia('(prefers-reduced-motion: reduce)');

/** Auto, dark, light, auto. */
export function nextTheme(): void {
  choice.value = NEXT[choice.value];
  localStorage.setItem(KEPT_AS, choice.value);
}

function stored(): Choice {
  const kept = localStorage.getItem(KEPT_AS);
  return kept === 'dark' || kept === 'light' ? kept : 'auto';
}

/** Colours of networks and groups, told apart also by people who see red and green alike. */
const DARK = [
  '#5aa9ff',
  '#f2a65a',
  '#4fd1b0',
  '#c99cf5',
  '#ff8098',
  '#e3d15c',
  '#86d9f7',
  '#b3c96b',
];
const LIGHT = [
  '#1c6bd0',
  '#b95f12',
  '#0e7f66',
  '#7d3fb0',
  '#c4304d',
  '#7d6b00',
  '#0c7699',
  '#567013',
];

/** The only network of a Swarm has no colour, so that those of its groups stand out. */
export const networkColor = (at: number): string =>
  view.value.networks.length < 2 ? paints.value.plain : hueColor(at);

export const groupColor = (group: GroupView): string => hueColor(hues(view.value)(group));

export function hueColor(at: number): string {
  const colors = isDark.value ? DARK : LIGHT;
  return colors[((at % colors.length) + colors.length) % colors.length] as string;
}

/** What the canvases paint with. */
export const paints = computed(() =>
  isDark.value
    ? {
        ...{ island: '#171d26', islandEdge: '#2b3442', text: '#dfe5ee', dim: '#8793a5' },
        ...{ hub: '#3a4658', bad: '#ff7b72', back: '#10141b' },
        plain: '#76859b',
      }
    : {
        ...{ island: '#ffffff', islandEdge: '#d3d9e2', text: '#1a212b', dim: '#5e6a7b' },
        ...{ hub: '#b9c2cf', bad: '#c8322b', back: '#f3f5f8' },
        plain: '#8391a5',
      },
);
