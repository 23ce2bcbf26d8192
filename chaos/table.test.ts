import { describe, expect, it } from 'vitest';
import { median, type Row, render, summarize } from './table.ts';

const row = (fault: string, recoveryMs: number, more: Partial<Row> = {}): Row => ({
  ...{
    fault,
    victim: 'h2',
    recoveryMs,
    last: '',
    lost: 0,
    lostElsewhere: 0,
    failedCalls: 0,
    encrypted: { recoveryMs: 0, lost: 0 },
    helped: [],
    broken: [],
  },
  ...more,
});

describe('median', () => {
  it.each([
    [[5], 5],
    [[9, 1, 5], 5],
    [[1, 2, 3, 10], 2.5],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('of nothing is not a number', () => {
    expect(median([])).toBeNaN();
  });
});

describe('summarize', () => {
  it('has a line for each fault with its times, losses and broken promises added up', () => {
    const rows = [
      row('cut', 4000, { lost: 7, broken: ['one'], encrypted: { recoveryMs: 9000, lost: 3 } }),
      row('agent killed', 0),
      row('cut', 2000, { lost: 1, failedCalls: 2 }),
    ];
    expect(summarize(rows)).toEqual([
      { ...{ fault: 'agent killed', times: 1, medianMs: 0, worstMs: 0 }, ...none },
      {
        ...{ fault: 'cut', times: 2, medianMs: 3000, worstMs: 4000, lost: 8, failedCalls: 2 },
        ...{ encryptedWorstMs: 9000, encryptedLost: 3, broken: 1 },
      },
    ]);
  });
});

const none = { lost: 0, failedCalls: 0, encryptedWorstMs: 0, encryptedLost: 0, broken: 0 };
const seen = (count: number) => ({
  ...{ multicast: count, unicast: count, broadcast: count, ARP: count, ND: count, frame: count },
});

describe('render', () => {
  it('says so when no promise was broken', () => {
    const text = render([row('cut', 1234)]);
    expect(text).toContain('1.2 s');
    expect(text).toContain('1 faults, no broken promise.');
  });

  it('names each broken promise with its fault and victim', () => {
    const text = render([
      row('cut', Number.POSITIVE_INFINITY, { broken: ['a packet is missing'] }),
    ]);
    expect(text).toContain('never');
    expect(text).toContain('cut, h2: a packet is missing');
  });

  it('adds up what was seen of each network between the hosts', () => {
    const look = { plain: seen(7), encrypted: seen(0) };
    const text = render([row('cut', 1, { seen: look }), row('cut', 1, { seen: look })]);
    expect(text).toContain('plain network between the hosts: multicast 14, unicast 14,');
    expect(text).toContain('encrypted network between the hosts: multicast 0, unicast 0,');
  });

  it('says where the state of a broken promise is', () => {
    const text = render([row('cut', 1, { broken: ['a packet is missing'], saved: '/tmp/there' })]);
    expect(text).toContain('/tmp/there');
  });
});
