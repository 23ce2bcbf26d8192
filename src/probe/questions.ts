import { isIPv4 } from 'node:net';
import * as z from 'zod';
import { PROBE_HOSTS_MAX, PROBE_RANGE } from '../core/diagnosis/probe.ts';
import { inAny } from '../net/cidr.ts';
import { Fault } from '../net/fault.ts';
import { isGroup } from '../net/group.ts';
import { isMac } from '../net/mac.ts';
import { MTU_MAX, MTU_MIN } from '../net/mtu.ts';
import { isVni } from '../net/vni.ts';
import type { HostPart } from './host-part.ts';

/** What hosts ask each other for a probe, over their sessions, in this order. */
export const PROBE_QUESTIONS = {
  open: 'probe-open',
  send: 'probe-send',
  close: 'probe-close',
} as const;

const run = z.number().int().min(0).max(0xffff_ffff);
const ip = z.string().refine((it) => isIPv4(it) && inAny(it, [PROBE_RANGE]), {
  message: `must be an address of ${PROBE_RANGE}`,
});
const Invitation = z.object({
  run,
  network: z.string().min(1).max(128),
  ip,
  trial: z.exactOptional(z.number().refine(isVni)),
  group: z.exactOptional(z.string().refine((it) => isIPv4(it) && isGroup(it))),
});
const Order = z.object({
  run,
  others: z
    .array(
      z.object({
        host: z.string().max(64),
        ip,
        mac: z.string().refine(isMac),
        mtu: z.number().int().min(MTU_MIN).max(MTU_MAX),
      }),
    )
    .max(PROBE_HOSTS_MAX),
});
const End = z.object({ run });

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
      const invitation = parsed(Invitation, args);
      if (!isVisible(invitation.network)) throw new Fault('this host has not the network');
      return part.open(invitation);
    }
    case PROBE_QUESTIONS.send:
      return part.send(parsed(Order, args));
    case PROBE_QUESTIONS.close:
      return part.close(parsed(End, args));
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
