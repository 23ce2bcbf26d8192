import { short } from './format.ts';
import { hostName } from './hosts.ts';
import { services } from './state.ts';

/** Virtual addresses, and the tasks that take their connections. */
export function Services() {
  if (services.value.length === 0) {
    return <p class="none">No service has a virtual address on these networks.</p>;
  }
  return (
    <div class="cards">
      {services.value.map(({ network, service, vip, backends }) => (
        <article key={`${network} ${vip}`}>
          <h3>
            {service} <small>{network}</small>
          </h3>
          <p>
            <code>{vip}</code>
            {backends.length === 0 && <b class="bad"> has no task: connections are refused</b>}
          </p>
          <ul>
            {backends.map((it) => (
              <li key={it.address}>
                <i class={`state ${it.serving ? 'good' : 'wait'}`} />
                <code>{it.address}</code>
                <span>
                  {hostName(it.host)}
                  {it.serving ? '' : ', draining'}
                </span>
                <span class="right" title={`${it.connections} connections, ${it.packets} packets`}>
                  {short(it.connections)} conn
                </span>
              </li>
            ))}
          </ul>
        </article>
      ))}
    </div>
  );
}
