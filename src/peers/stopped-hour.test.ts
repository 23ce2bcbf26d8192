import { afterEach, expect, it, vi } from 'vitest';
import type { Credentials } from './credentials.ts';
import type { Connection, Probe } from './dial.ts';
import { TIMING } from './limits.ts';
import { silentLog } from './log.ts';
import type { ServerMessage } from './messages.ts';
import { createSubscriber, type PeerView, type SubscriberOptions } from './subscriber.ts';

/** What each subscriber asks of a connection; here there is none. */
const credentials = {
  identify: () => ({ ok: true, node: 'a', manager: true }),
} as never as Credentials;

const RECORD = { vni: 8_000_001, endpoints: [], groups: [] };

const closings: (() => void)[] = [];
afterEach(() => {
  for (const close of closings.splice(0)) close();
  vi.useRealTimers();
});

/**
 * The kernel of a host whose agent runs and is then stopped. A socket that listens keeps `backlog` + 1
 * connections that were not taken from it, also those that the other side has given up since; when it
 * has no room, a connection gets no answer (tcp(7), listen(2)).
 */
function host(backlog: number) {
  let stopped = false;
  let places = 0;
  const open = new Set<() => void>();
  const takesPlace = (): boolean => {
    if (stopped && places > backlog) return false;
    if (stopped) places += 1;
    return true;
  };
  const dial = ({
    events,
    timing,
  }: Parameters<NonNullable<SubscriberOptions['transport']>['dial']>[0]) => {
    let over = false;
    const end = (reason: string, fault = 'other' as const): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      open.delete(onStop);
      setTimeout(() => events.onEnd({ byPeer: false, reason, fault }), 0);
    };
    let timer: NodeJS.Timeout | undefined;
    const say = (...messages: ServerMessage[]) =>
      setTimeout(() => over || events.onMessages(messages), 1);
    const onStop = (): void => void open.delete(onStop);
    if (!takesPlace()) timer = setTimeout(() => end('no TCP connection'), timing.connectMs);
    else {
      setTimeout(() => over || events.onAnswered(), 1);
      if (stopped) timer = setTimeout(() => events.onMute('no hello'), timing.handshakeMs);
      else setTimeout(() => over || events.onSecure({ ok: true, node: 'a', manager: true }), 2);
    }
    const connection: Connection = {
      send(messages) {
        if (stopped || over) return;
        for (const it of messages) {
          if (it.type === 'hello')
            say({ type: 'hello', version: 1, node: 'a', tunnel: '10.9.0.1' });
          if (it.type === 'want')
            say({ type: 'snapshot', network: 'n', epoch: 'e', seq: 1, record: RECORD });
          if (it.type === 'ping') say({ type: 'pong', n: it.n });
        }
      },
      established: () => clearTimeout(timer),
      end,
    };
    return connection;
  };
  const probe = ({
    timeoutMs,
    onAnswered,
    onEnd,
  }: Parameters<NonNullable<SubscriberOptions['transport']>['probe']>[0]) => {
    let isOpen = false;
    const timer = setTimeout(
      () => (takesPlace() ? answered() : onEnd(false)),
      takesRoom() ? 1 : timeoutMs,
    );
    const answered = (): void => {
      isOpen = true;
      onAnswered();
    };
    const made: Probe = {
      isOpen: () => isOpen,
      cancel() {
        isOpen = false;
        clearTimeout(timer);
      },
    };
    return made;
  };
  const takesRoom = (): boolean => !stopped || places <= backlog;
  return {
    transport: { dial, probe } as NonNullable<SubscriberOptions['transport']>,
    stop: () => {
      stopped = true;
    },
    places: () => places,
  };
}

/** Other hosts that have heard this one, with the times that are in force. */
function listening(count: number, to: ReturnType<typeof host>) {
  vi.useFakeTimers();
  return Array.from({ length: count }, (_, nth) => {
    const states: string[] = [];
    const one = createSubscriber({
      ...{ address: '10.9.0.1', port: 4790, credentials, node: `node${nth}`, wanted: ['n'] },
      ...{ log: silentLog, now: () => Date.now(), transport: to.transport },
      onChange: (view: PeerView) => states.push(view.state),
    });
    closings.push(() => one.close());
    return { one, states };
  });
}

const HOUR_MS = 3_600_000;

it.each([
  ['an hour, of one other host', 1, HOUR_MS],
  ['two minutes, of 300', 300, HOUR_MS / 30],
])('a stopped agent’s queue keeps two places of each host for %s', async (_words, hosts, time) => {
  const stopped = host(4096);
  const all = listening(hosts, stopped);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(all.every(({ one }) => one.view().state === 'up')).toBe(true);
  stopped.stop();
  await vi.advanceTimersByTimeAsync(TIMING.silenceMs + TIMING.handshakeMs + 1_000);
  expect(stopped.places()).toBe(2 * hosts);
  await vi.advanceTimersByTimeAsync(time);
  expect(stopped.places()).toBe(2 * hosts);
  for (const { one, states } of all) {
    expect(states).not.toContain('silent');
    expect(one.view()).toMatchObject({ state: 'agent-down', fault: 'mute' });
    expect(one.view().networks.size).toBe(1);
  }
});

it('a queue without room for two is one that loses hosts: the test sees it', async () => {
  const stopped = host(8);
  const all = listening(10, stopped);
  await vi.advanceTimersByTimeAsync(1_000);
  stopped.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(stopped.places()).toBe(9);
  expect(all.some(({ one }) => one.view().state === 'silent')).toBe(true);
});
