import type { Admission } from './agent/admission.ts';
import { type PairSecrets, SECRET_QUESTION } from './agent/pair-secrets.ts';
import { answerPeer, type Reporter } from './api/api.ts';
import type { openCheckups } from './checking.ts';
import type { Asker } from './core/visible.ts';
import type { Probing } from './probing.ts';

export interface AnsweringOptions {
  /** Which networks the asker may be told of. */
  readonly admission: Pick<Admission, 'scope'>;
  readonly probing: Pick<Probing, 'answer'>;
  readonly checkups: Pick<ReturnType<typeof openCheckups>, 'answer'>;
  readonly secrets: Pick<PairSecrets, 'answer'>;
  readonly reporter: Reporter;
}

/** Answers what other hosts ask, each as far as it is about networks that it has too. */
export function openAnswering({
  admission,
  probing,
  checkups,
  secrets,
  reporter,
}: AnsweringOptions) {
  return async (what: string, args: unknown, by: Asker): Promise<unknown> => {
    if (what === SECRET_QUESTION) return secrets.answer(args, by);
    const scope = admission.scope(by);
    return (
      probing.answer(what, args, scope) ??
      checkups.answer(what, args, { ...by, scope }) ??
      answerPeer(reporter, { what, args, scope })
    );
  };
}
