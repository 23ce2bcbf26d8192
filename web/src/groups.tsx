import type { GroupView } from '../../src/core/views/swarm-view.ts';
import { Detail } from './detail.tsx';
import { bytesPerSecond, count } from './format.ts';
import {
  choose,
  groups,
  keyOfGroup,
  networkName,
  onlyNetwork,
  query,
  selection,
  view,
} from './state.ts';
import { groupColor, networkColor } from './theme.ts';

/** More rows than a person reads; the search finds the others. */
const ROWS = 250;

/** The groups, busiest first, with a search and a filter; and what is known of the one selected. */
export function Groups() {
  const found = groups.value;
  const chosen = selection.value?.kind === 'group' ? selection.value.key : undefined;
  const busiest = Math.max(1, ...found.map((it) => it.bytes));
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const now = found.findIndex((it) => keyOfGroup(it) === chosen);
    const next = found[Math.min(found.length - 1, Math.max(0, now + step))];
    if (next === undefined) return;
    selection.value = { kind: 'group', key: keyOfGroup(next) };
    document.getElementById(idOf(next))?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <section class="panel groups" aria-label="Multicast groups">
      <div class="search">
        <input
          id="search"
          type="search"
          placeholder="Search groups, containers, hosts  ( / )"
          aria-label="Search groups, containers and hosts"
          value={query.value}
          onInput={(event) => {
            query.value = event.currentTarget.value;
          }}
        />
        <Networks />
      </div>
      <div
        class="rows"
        id="groups"
        role="listbox"
        tabIndex={0}
        aria-label="Groups, busiest first"
        aria-activedescendant={chosen === undefined ? undefined : `group ${chosen}`}
        onKeyDown={onKeyDown}
      >
        {found.slice(0, ROWS).map((it) => (
          <Row
            key={keyOfGroup(it)}
            group={it}
            isChosen={keyOfGroup(it) === chosen}
            busiest={busiest}
          />
        ))}
        {found.length === 0 && (
          <p class="none">
            {view.value.groups.length === 0
              ? 'No group has a member or a sender.'
              : 'Nothing is found.'}
          </p>
        )}
        {found.length > ROWS && <p class="none">and {found.length - ROWS} more: search for them</p>}
      </div>
      <Detail />
    </section>
  );
}

const idOf = (it: GroupView): string => `group ${keyOfGroup(it)}`;

function Row({
  group,
  isChosen,
  busiest,
}: {
  group: GroupView;
  isChosen: boolean;
  busiest: number;
}) {
  const { members, senders, copiedTo, bytes, refused } = group;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus
    <div
      class="row"
      id={idOf(group)}
      role="option"
      aria-selected={isChosen}
      onClick={() => choose({ kind: 'group', key: keyOfGroup(group) })}
    >
      <i class="mark" style={{ background: groupColor(group) }} />
      <span class="name">{group.group}</span>
      <span class="rate">{bytesPerSecond(bytes)}</span>
      <span class="sub">
        {networkName(group.network)} · {senders.length} → {count(members.length, 'member')}
        {copiedTo.length > 0 && ` · ${count(copiedTo.length, 'copy')}`}
        {refused.length > 0 && <b class="bad"> · not told</b>}
      </span>
      <span
        class="bar"
        style={{
          width: `${(100 * Math.log1p(bytes)) / Math.log1p(busiest)}%`,
          background: groupColor(group),
        }}
      />
    </div>
  );
}

function Networks() {
  const { networks } = view.value;
  if (networks.length < 2) return null;
  return (
    <fieldset class="chips" aria-label="Networks">
      {networks.map((it, at) => {
        const isOn = onlyNetwork.value === it.name;
        return (
          <button
            type="button"
            class="chip"
            key={it.name}
            aria-pressed={isOn}
            onClick={() => {
              onlyNetwork.value = isOn ? undefined : it.name;
            }}
          >
            <i class="mark" style={{ background: networkColor(at) }} />
            {it.name}
          </button>
        );
      })}
    </fieldset>
  );
}
