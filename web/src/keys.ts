import { paused, query, selection } from './state.ts';
import { showTab } from './tabs.tsx';
import { nextTheme } from './theme.ts';

export const KEYS: readonly (readonly [string, string])[] = [
  ['/', 'search groups, containers and hosts'],
  ['g', 'go to the list of groups; ↑ and ↓ select'],
  ['m', 'go to the picture; arrows go from one to the next, Enter selects'],
  ['+  −  0', 'in the picture: nearer, farther, all'],
  ['1 … 5', 'traffic, services, probe, events, containers'],
  ['p', 'pause'],
  ['t', 'colours: as the system has them, dark, light'],
  ['Esc', 'let go of what is selected, end the search'],
  ['?', 'these keys'],
];

const focus = (selector: string) => document.querySelector<HTMLElement>(selector)?.focus();

/** The keys of the whole page; those of a field or the picture are their own. */
export function listenToKeys(onHelp: () => void): () => void {
  const actions: Record<string, () => void> = {
    '/': () => focus('#search'),
    g: () => focus('#groups'),
    m: () => focus('canvas.moving'),
    p: () => {
      paused.value = !paused.value;
    },
    t: nextTheme,
    '?': onHelp,
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target, key } = event;
    if (key === 'Escape') {
      selection.value = undefined;
      query.value = '';
      if (target instanceof HTMLInputElement) target.blur();
      return;
    }
    if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return;
    const action = /^[1-9]$/.test(key) ? () => showTab(Number(key) - 1) : actions[key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
  document.addEventListener('keydown', onKeyDown);
  return () => document.removeEventListener('keydown', onKeyDown);
}
