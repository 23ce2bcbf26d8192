import { type Engine, EngineError, isSilence } from './engine.ts';

export interface Hearing {
  /** The Engine answered, if only with a refusal of its own. */
  readonly onAnswer: () => void;
  /** It did not, or castnet and it have no API version in common. */
  readonly onSilence: (reason: string) => void;
}

/** The same Engine, with word of whether it answers. */
export function heardEngine(engine: Engine, { onAnswer, onSilence }: Hearing): Engine {
  return {
    events: engine.events,
    get: async (path) => {
      try {
        const answer = await engine.get(path);
        onAnswer();
        return answer;
      } catch (error) {
        // A worker does not tell its nodes (503), and a network may be gone (404).
        if (isSilence(error)) onSilence((error as Error).message);
        else onAnswer();
        throw error;
      }
    },
  };
}

/** Whether a question failed since the Engine was silent, which `heardEngine` has told already. */
export const isHeardSilence = (error: Error): boolean =>
  error instanceof EngineError && isSilence(error);
