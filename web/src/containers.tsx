import { bytesPerSecond } from './format.ts';
import { choose, containers, keyOfContainer, networkName, selection, view } from './state.ts';
import { networkColor } from './theme.ts';

const ROWS = 200;

/** All containers as a table, for those who rather read than look; the search above narrows it. */
export function Containers() {
  const found = containers.value;
  const { hosts, containers: all } = view.value;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Container</th>
            <th>Host</th>
            <th>Network</th>
            <th>Address</th>
            <th class="right">Sends</th>
            <th class="right">Receives</th>
          </tr>
        </thead>
        <tbody>
          {found.slice(0, ROWS).map((at) => {
            const it = all[at];
            if (it === undefined) return null;
            const key = keyOfContainer(at);
            return (
              <tr key={key} aria-selected={selection.value?.key === key}>
                <td>
                  <button
                    type="button"
                    class="link"
                    onClick={() => choose({ kind: 'container', key })}
                  >
                    {it.name}
                  </button>
                </td>
                <td>{hosts[it.host]?.name}</td>
                <td>
                  <i class="mark" style={{ background: networkColor(it.network) }} />{' '}
                  {networkName(it.network)}
                </td>
                <td>
                  <code>{it.address}</code>
                </td>
                <td class="right">{bytesPerSecond(it.sentBytes)}</td>
                <td class="right">{bytesPerSecond(it.receivedBytes)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {found.length > ROWS && <p class="none">and {found.length - ROWS} more: search for them</p>}
    </div>
  );
}
