import type { PeerState } from '../contract/report.ts';
import type { Timing } from './limits.ts';

/**
 * What is known of a peer's life, decided from events alone. Pure: time is passed in, in
 * milliseconds of a clock that never goes back.
 *
 * Two things can die, and they matter differently. When only the agent is gone (killed, being
 * upgraded, stopped), the kernel of its host still forwards, so its record must be kept or packets
 * are lost. When the host is gone, forwarding to it is waste and its containers may be started
 * elsewhere, so its record must be dropped. The evidence that a host lives is whatever its kernel
 * sends, with or without an agent: bytes, an accepted connection, a refusal, a close or a reset.
 */

export type LifeEvent =
  /** The peer's hello arrived. */
  | 'opened'
  /** Bytes arrived on the session. */
  | 'heard'
  /** Its kernel answered: it took a connection, or refused one. */
  | 'answered'
  /** The session was closed or reset by the other side. */
  | 'closed-by-peer'
  /** The session is over for a reason that says nothing of the host: timeout, no route, by us. */
  | 'lost'
  /** Time passed. */
  | 'tick';

export interface Life {
  readonly state: PeerState;
  readonly session: boolean;
  /** The last sign of life of the host; when it began, if there was none. */
  readonly aliveAt: number;
  /** The last bytes of its agent. */
  readonly heardAt: number;
  readonly everAlive: boolean;
  readonly tickedAt: number;
}

export type LifeRules = Pick<Timing, 'silenceMs' | 'tickMs'>;

export function newLife(now: number): Life {
  return {
    state: 'connecting',
    session: false,
    aliveAt: now,
    heardAt: now,
    everAlive: false,
    tickedAt: now,
  };
}

function judge(life: Life, now: number, rules: LifeRules): PeerState {
  if (now - life.aliveAt >= rules.silenceMs) return 'silent';
  if (life.session && now - life.heardAt < rules.silenceMs) return 'up';
  return life.everAlive ? 'agent-down' : 'connecting';
}

/**
 * A tick that comes late means that this process did not run (stopped, starved, a sleeping
 * machine). What arrived meanwhile still waits in the kernel, so that time is not held against the
 * peer.
 */
function forgiveOwnStall(life: Life, now: number, rules: LifeRules): Life {
  const late = now - life.tickedAt - rules.tickMs;
  if (late <= rules.tickMs) return life;
  return {
    ...life,
    aliveAt: Math.min(now, life.aliveAt + late),
    heardAt: Math.min(now, life.heardAt + late),
  };
}

function take(life: Life, event: LifeEvent, now: number): Life {
  const alive = { ...life, aliveAt: now, everAlive: true };
  switch (event) {
    case 'opened':
      return { ...alive, session: true, heardAt: now };
    case 'heard':
      return { ...alive, heardAt: now };
    case 'answered':
      return alive;
    case 'closed-by-peer':
      return { ...alive, session: false };
    case 'lost':
      return { ...life, session: false };
    case 'tick':
      return { ...life, tickedAt: now };
  }
}

/** What is known after `event`. */
export function live(life: Life, event: LifeEvent, when: { now: number; rules: LifeRules }): Life {
  const { now, rules } = when;
  const before = event === 'tick' ? forgiveOwnStall(life, now, rules) : life;
  const after = take(before, event, now);
  return { ...after, state: judge(after, now, rules) };
}

/** Whether the peer's last record still counts. */
export function keepsRecord(state: PeerState): boolean {
  return state !== 'silent';
}
