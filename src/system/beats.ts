import { untilBeat } from '../net/beat.ts';

/** As `setInterval`, at the moments at which all else comes too. */
export function atBeats(everyMs: number, work: () => void): { close(): void } {
  let timer: NodeJS.Timeout;
  const next = (): void => {
    timer = setTimeout(turn, untilBeat(performance.now(), everyMs));
  };
  const turn = (): void => {
    next();
    work();
  };
  next();
  return { close: () => clearTimeout(timer) };
}
