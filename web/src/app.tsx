/** The dashboard's page: puts its parts together. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Groups } from './groups.tsx';
import { Header } from './header.tsx';
import { KEYS, listenToKeys } from './keys.ts';
import { SwarmMap } from './map/map.tsx';
import { arrived, follow, trouble, view } from './state.ts';
import { Tabs } from './tabs.tsx';
import { isDark } from './theme.ts';

function App() {
  const help = useRef<HTMLDialogElement>(null);
  const onHelp = () => help.current?.showModal();
  useEffect(() => listenToKeys(onHelp), []);
  return (
    <>
      <Header onHelp={onHelp} />
      {trouble.value !== '' && arrived.value && (
        <p class="banner" role="alert">
          {trouble.value}
        </p>
      )}
      <main>
        <section class="panel picture" aria-label="The Swarm">
          <SwarmMap />
          {arrived.value && view.value.containers.length === 0 && (
            <p class="empty">
              No container is on a castnet network yet.
              <br />
              <code>docker network create -d castnet:latest --attachable mynet</code>
            </p>
          )}
          {!arrived.value && <p class="empty">{trouble.value}</p>}
        </section>
        <Groups />
        <Tabs />
      </main>
      <dialog ref={help} aria-label="Keys">
        <h2>Keys</h2>
        <dl>
          {KEYS.map(([key, what]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <form method="dialog">
          <button type="submit" class="main">
            Close
          </button>
        </form>
      </dialog>
    </>
  );
}

effect(() => {
  document.documentElement.dataset.theme = isDark.value ? 'dark' : 'light';
});
follow();
render(<App />, document.getElementById('app') as HTMLElement);
