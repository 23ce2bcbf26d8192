import type { ComponentChildren } from 'preact';
import { bytesPerSecond, count, packetsPerSecond } from './format.ts';
import { chosenGroups } from './map/choice.ts';
import { choose, keyOfContainer, keyOfGroup, networkName, selection, view } from './state.ts';

/** What is known of the group, container or host that is selected. */
export function Detail() {
  const chosen = selection.value;
  if (chosen === undefined) return null;
  const content =
    chosen.kind === 'group' ? (
      <OfGroup name={chosen.key} />
    ) : chosen.kind === 'container' ? (
      <OfContainer name={chosen.key} />
    ) : (
      <OfHost address={chosen.key} />
    );
  return (
    <aside class="detail" aria-label="Selected">
      <button
        type="button"
        class="close"
        title="Let go (Esc)"
        onClick={() => {
          selection.value = undefined;
        }}
      >
        ×<span class="hidden">Let go</span>
      </button>
      {content}
    </aside>
  );
}

const gone = <p class="none">It is gone.</p>;

function OfGroup({ name }: { name: string }) {
  const { hosts } = view.value;
  const group = view.value.groups.find((it) => keyOfGroup(it) === name);
  if (group === undefined) return gone;
  const { senders, members, copiedTo, sources, refused } = group;
  return (
    <>
      <h2>{group.group}</h2>
      <p>
        {bytesPerSecond(group.bytes)}, {packetsPerSecond(group.packets)} on{' '}
        {networkName(group.network)}
      </p>
      <dl>
        <Line name="From">{senders.length > 0 ? <Containers at={senders} /> : 'nobody now'}</Line>
        <Line name="Copied to">
          {copiedTo.length > 0 ? copiedTo.map((it) => hosts[it]?.name).join(', ') : 'no other host'}
        </Line>
        <Line name={count(members.length, 'member')}>
          <Containers at={members} />
        </Line>
        {sources !== 'any' && <Line name="Sources">{sources.join(', ') || 'none'}</Line>}
        {refused.length > 0 && (
          <Line name="Not told">
            <span class="bad">{refused.join('; ')}</span>
          </Line>
        )}
      </dl>
    </>
  );
}

function OfContainer({ name }: { name: string }) {
  const { containers, hosts } = view.value;
  const it = containers.find((_, at) => keyOfContainer(at) === name);
  if (it === undefined) return gone;
  return (
    <>
      <h2>{it.name}</h2>
      <p>
        sends {bytesPerSecond(it.sentBytes)}, receives {bytesPerSecond(it.receivedBytes)}
      </p>
      <dl>
        <Line name="Host">{hosts[it.host]?.name}</Line>
        <Line name="Network">{networkName(it.network)}</Line>
        <Line name="Address">{[it.address, it.ipv6, it.mac].filter(Boolean).join(' · ')}</Line>
        {it.service !== undefined && <Line name="Service">{it.service}</Line>}
        <Line name="Groups">
          <GroupLinks />
        </Line>
      </dl>
    </>
  );
}

function OfHost({ address }: { address: string }) {
  const at = view.value.hosts.findIndex((it) => it.address === address);
  const host = view.value.hosts[at];
  if (host === undefined) return gone;
  const own = view.value.containers.filter((it) => it.host === at).length;
  return (
    <>
      <h2>{host.name}</h2>
      <p>
        {address} · {count(own, 'container')}
      </p>
      {host.silent !== undefined && <p class="bad">{host.silent}</p>}
      {host.troubles.map((it) => (
        <p class="bad" key={it}>
          {it}
        </p>
      ))}
      <dl>
        {host.wireguard !== undefined && (
          <Line name="Encrypted">
            {host.wireguard.networks} by{' '}
            {host.wireguard.by === 'kernel' ? 'the kernel’s WireGuard' : host.wireguard.by}
            {host.wireguard.ago === undefined
              ? ', no handshake yet'
              : `, last handshake ${Math.round(host.wireguard.ago / 1000)} s ago`}
          </Line>
        )}
        <Line name="Groups">
          <GroupLinks />
        </Line>
      </dl>
    </>
  );
}

function Line({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** More names than that say less than their number. */
const NAMES = 40;

function Containers({ at }: { at: readonly number[] }) {
  const { containers, hosts } = view.value;
  return (
    <span class="links">
      {at.slice(0, NAMES).map((one) => {
        const it = containers[one];
        if (it === undefined) return null;
        return (
          <button
            type="button"
            key={one}
            onClick={() => choose({ kind: 'container', key: keyOfContainer(one) })}
            title={`${it.address} on ${hosts[it.host]?.name}`}
          >
            {it.name}
          </button>
        );
      })}
      {at.length > NAMES && ` and ${at.length - NAMES} more`}
    </span>
  );
}

function GroupLinks() {
  const found = chosenGroups(view.value, selection.value) ?? [];
  if (found.length === 0) return <>none</>;
  return (
    <span class="links">
      {found.slice(0, NAMES).map((it) => (
        <button
          type="button"
          key={keyOfGroup(it)}
          onClick={() => choose({ kind: 'group', key: keyOfGroup(it) })}
        >
          {it.group}
        </button>
      ))}
      {found.length > NAMES && ` and ${found.length - NAMES} more`}
    </span>
  );
}
