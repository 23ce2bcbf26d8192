import { signal } from '@preact/signals';
import { clock } from './format.ts';
import { events } from './state.ts';

const onlyTrouble = signal(false);

/** The newest lines of all agents' logs, newest first. */
export function Events() {
  const found = events.value.filter((it) => !onlyTrouble.value || it.level !== 'info');
  return (
    <>
      <label class="option">
        <input
          type="checkbox"
          checked={onlyTrouble.value}
          onChange={(event) => {
            onlyTrouble.value = event.currentTarget.checked;
          }}
        />{' '}
        only warnings and errors
      </label>
      <ol class="events">
        {found.toReversed().map((it) => (
          <li key={it.id} class={it.level}>
            <time dateTime={new Date(it.at).toISOString()}>{clock(it.at)}</time>
            <b>{it.host}</b>
            <span>{it.text}</span>
          </li>
        ))}
      </ol>
      {found.length === 0 && <p class="none">Nothing has happened yet.</p>}
    </>
  );
}
