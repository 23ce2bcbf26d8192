import type * as z from 'zod';
import { probeEnd, probeInvitation, probeOrder } from '../contract/probe.ts';
import { Fault } from '../net/fault.ts';
import type { HostPart } from './host-part.ts';

/** What hosts ask each other for a probe, over their sessions, in this order. */
export const PROBE_QUESTIONS = {
  open: 'probe-open',
  send: 'probe-send',
  close: 'probe-close',
} as const;

export interface ProbeQuestion {
  readonly what: string;
  readonly args: unknown;
  /** Whether the asker may know of a network, should this host have it. */
  readonly isVisible: (network: string) => boolean;
}

/**
 * Answers what another host, or this one, asks of this host's part in a probe.
 * @returns undefined for a question that is not about probes
 * @throws Fault for arguments that do not fit
 */
export function answerProbe(
  part: HostPart,
  { what, args, isVisible }: ProbeQuestion,
): Promise<unknown> | undefined {
  switch (what) {
    case PROBE_QUESTIONS.open: {
      const invitation = parsed(probeInvitation, args);
      if (!isVisible(invitation.network)) throw new Fault('this host has not the network');
      return part.open(invitation);
    }
    case PROBE_QUESTIONS.send:
      return part.send(parsed(probeOrder, args));
    case PROBE_QUESTIONS.close:
      return part.close(parsed(probeEnd, args));
    default:
      return undefined;
  }
}

function parsed<T>(schema: z.ZodType<T>, args: unknown): T {
  const result = schema.safeParse(args);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new Fault(
    `${issue?.path.join('.') || 'the question'}: ${issue?.message ?? 'not as expected'}`,
  );
}
