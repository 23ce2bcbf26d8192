/** What castnet with the fast path must be to the others. Pure. */
import type { Comparison } from './compare.ts';

/** By the title of the chart; what is not named here informs. */
export const FAST_GOALS: Readonly<Record<string, Comparison['others']>> = {
  'TCP, one stream': { overlay: { atLeast: 1.12 } },
  'TCP, 8 streams': { overlay: { atLeast: 1 } },
  'TCP, 32 streams': { overlay: { atLeast: 1 } },
  'TCP connections': { overlay: { atLeast: 1.25 } },
  'UDP 64 B': { overlay: { atLeast: 1.35 } },
  'CPU time per packet of UDP 64 B': { 'hand-made': { atMost: 0.75 } },
  'Round trip, 64 B, p50, pinned': { bare: { atMost: 1.05 } },
  'Multicast 1300 B, two hosts with members': {
    'hand-made': { atLeast: 1.25 },
    bare: { atLeast: 0.95 },
  },
  'Multicast 100 B, two hosts with members': {
    'hand-made': { atLeast: 1.35 },
    bare: { atLeast: 0.95 },
  },
  'CPU time per multicast packet of 100 B': { 'hand-made': { atMost: 0.75 } },
  'Multicast latency at 10 000 packets/s, p50': { bare: { atMost: 1.05 } },
};
