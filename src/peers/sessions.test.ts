import { describe, expect, it } from 'vitest';
import type { Credentials } from './credentials.ts';
import { dial, type probe } from './dial.ts';
import { silentLog } from './log.ts';
import { createPeers } from './peers.ts';
import type { SubscriberOptions } from './subscriber.ts';
import { atEnd, publisher, relay, subscriber } from './testing/agents.ts';
import { useNodes } from './testing/nodes.ts';
import { host, network } from './testing/records.ts';
import { until } from './testing/until.ts';

const nodes = useNodes();

const ofA = (...ends: number[]) => host('node-a', { net1: network(...ends) });

describe('a record', () => {
  it('arrives whole, then as it changes, only for the networks wanted', async () => {
    const from = await publisher(nodes.a);
    from.publish(host('node-a', { net1: network(1), net2: network(5) }));
    const to = subscriber(nodes.b, from.port);
    const view = await to.until(({ networks }) => networks.size > 0);
    expect(view).toMatchObject({ node: 'node-a', tunnel: '127.0.0.1', state: 'up' });
    expect([...view.networks]).toEqual([['net1', network(1)]]);

    from.publish(host('node-a', { net1: network(1, 2), net2: network(5) }));
    await to.until(({ networks }) => networks.get('net1')?.endpoints.length === 2);
    to.setWanted(['net2']);
    await to.until(({ networks }) => networks.has('net2') && !networks.has('net1'));
    expect(from.sessions()).toMatchObject([{ node: 'node-b', networks: ['net2'] }]);

    from.publish({ ...host('node-a', {}), tunnel: '127.0.0.9' });
    await to.until(({ networks, tunnel }) => networks.size === 0 && tunnel === '127.0.0.9');
  });

  it('has the Swarm’s port of data when a manager tells it, not when a worker does', async () => {
    const ports = async (from: Credentials, by: Credentials, node: string) => {
      const teller = await publisher(from, { node });
      teller.publish(host(node, {}));
      const to = subscriber(by, teller.port);
      const before = await to.until(({ state }) => state === 'up');
      teller.publish({ ...host(node, {}), dataPathPort: 7789, tunnel: '127.0.0.2' });
      const changed = await to.until(({ tunnel }) => tunnel === '127.0.0.2');
      const later = subscriber(by, teller.port);
      const hello = await later.until(({ tunnel }) => tunnel === '127.0.0.2');
      return [before, changed, hello].map((it) => it.dataPathPort);
    };
    expect(await ports(nodes.a, nodes.b, 'node-a')).toEqual([undefined, 7789, 7789]);
    expect(await ports(nodes.b, nodes.a, 'node-b')).toEqual([undefined, undefined, undefined]);
  });

  it('changes are heard well within 50 ms', async () => {
    const from = await publisher(nodes.a);
    from.publish(ofA(1));
    const to = subscriber(nodes.b, from.port);
    await to.until(({ networks }) => networks.size === 1);
    const took: number[] = [];
    for (let n = 2; n < 42; n++) {
      const start = performance.now();
      const heard = new Promise<void>((resolve) => {
        to.views.push = () => {
          resolve();
          return 0;
        };
      });
      from.publish(ofA(n));
      await heard;
      took.push(performance.now() - start);
    }
    const median = took.sort((x, y) => x - y)[20];
    expect(median).toBeLessThan(50);
  });

  it('says nothing of networks before it knows its own', async () => {
    const from = await publisher(nodes.a);
    const to = subscriber(nodes.b, from.port);
    await to.until(({ state }) => state === 'up');
    // The answer to a request comes after whatever the wish for networks was answered by.
    await expect(to.ask('x', null, { timeoutMs: 1000 })).rejects.toThrow('nobody here answers "x"');
    expect(to.view().networks.size).toBe(0);
    from.publish(ofA(1));
    await to.until(({ networks }) => networks.size === 1);
  });

  it('is kept while the agent is down, until the next one speaks', async () => {
    const first = await publisher(nodes.a);
    first.publish(ofA(1));
    const to = subscriber(nodes.b, first.port);
    await to.until(({ networks }) => networks.size === 1);
    await first.close();
    await to.until(({ state }) => state === 'agent-down');
    const refused = await to.until(({ lastError }) => /ECONNREFUSED/.test(lastError ?? ''));
    expect([...refused.networks]).toEqual([['net1', network(1)]]);

    const second = await publisher(nodes.a, { port: first.port });
    await to.until(({ state }) => state === 'up');
    expect(to.view().networks.size).toBe(1);
    second.publish(ofA(2));
    await to.until(({ networks }) => networks.get('net1')?.endpoints[0]?.ip === '10.0.0.2');
    expect(to.views.every(({ networks }, i) => i < 2 || networks.size === 1)).toBe(true);
    second.publish(ofA(2, 3));
    await to.until(({ networks }) => networks.get('net1')?.endpoints.length === 2);
  });
});

describe('a peer that falls silent', () => {
  const timing = { pingMs: 20, tickMs: 10, silenceMs: 150, probeMs: 60 };

  async function frozen(probeMs: number, change: Partial<SubscriberOptions> = {}) {
    const from = await publisher(nodes.a);
    from.publish(ofA(1));
    const between = await relay(from.port);
    const to = subscriber(nodes.b, between.port, { ...change, timing: { ...timing, probeMs } });
    await to.until(({ networks }) => networks.size === 1);
    between.freeze();
    return to;
  }

  it('loses its record when its host shows no life', async () => {
    const to = await frozen(1e9);
    const silent = await until(() => to.views.find(({ state }) => state === 'silent'), {
      what: 'silence',
    });
    expect(silent.networks.size).toBe(0);
  });

  it('keeps its record when its kernel still takes connections', async () => {
    const to = await frozen(timing.probeMs);
    await to.until(({ state }) => state === 'agent-down');
    const { since } = to.view();
    await until(() => Date.now() > since + 3 * timing.silenceMs, { what: 'time to pass' });
    expect(to.views.map(({ state }) => state)).not.toContain('silent');
    expect(to.view().networks.size).toBe(1);
  });

  it('loses its record when its kernel no longer answers on the connection that is kept', async () => {
    let isOpen = true;
    const endings: ((byPeer: boolean) => void)[] = [];
    const kept: typeof probe = ({ onAnswered, onEnd }) => {
      if (isOpen) setImmediate(onAnswered);
      else setImmediate(onEnd, false);
      endings.push(onEnd);
      return { isOpen: () => isOpen, cancel() {} };
    };
    const to = await frozen(timing.probeMs, { transport: { dial, probe: kept } });
    await to.until(({ state }) => state === 'agent-down');
    const { since } = to.view();
    await until(() => Date.now() > since + 3 * timing.silenceMs, { what: 'time to pass' });
    expect(to.view().networks.size).toBe(1);
    expect(endings).toHaveLength(1);
    isOpen = false;
    for (const end of endings) end(false);
    await to.until(({ state, networks }) => state === 'silent' && networks.size === 0);
  });

  it('is silent when there is no way to it', async () => {
    // TCP to a multicast address ends at once in the kernel with ENETUNREACH.
    const to = subscriber(nodes.b, 1, { address: '224.0.0.1', timing });
    const view = await to.until(({ state }) => state === 'silent');
    expect(view.lastError).toContain('ENETUNREACH');
  });
});

describe('sessions', () => {
  it('a cut connection is made again within a second', async () => {
    const from = await publisher(nodes.a);
    from.publish(ofA(1));
    const between = await relay(from.port);
    const to = subscriber(nodes.b, between.port, {
      timing: { backoffMs: 100, backoffMaxMs: 1000 },
    });
    await to.until(({ networks }) => networks.size === 1);
    between.cut();
    await to.until(({ state }) => state === 'agent-down');
    const start = performance.now();
    await to.until(({ state }) => state === 'up');
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('poke connects at once', async () => {
    const first = await publisher(nodes.a);
    const { port } = first;
    await first.close();
    const to = subscriber(nodes.b, port, { timing: { backoffMs: 60_000, backoffMaxMs: 60_000 } });
    await to.until(({ state }) => state === 'agent-down');
    await publisher(nodes.a, { port });
    to.poke();
    await to.until(({ state }) => state === 'up');
  });

  it('who is not admitted is told why, also when that changes later', async () => {
    let admitted: true | string = true;
    const from = await publisher(nodes.a, { admit: () => admitted });
    from.publish(ofA(1));
    const to = subscriber(nodes.b, from.port);
    await to.until(({ state }) => state === 'up');
    admitted = 'node-b has left the Swarm';
    from.review();
    const view = await to.until(({ state }) => state === 'agent-down');
    expect(view.lastError).toBe('the peer refuses this host: node-b has left the Swarm');
    await to.until(() => from.sessions().length === 0);
  });

  it('tells of a peer that listens once, however often its right to is looked at', async () => {
    const told: unknown[] = [];
    const from = await publisher(nodes.a, { onSubscribed: async (peer) => void told.push(peer) });
    from.publish(ofA(1));
    const to = subscriber(nodes.b, from.port, { tunnel: () => '10.9.0.2' });
    await to.until(({ state }) => state === 'up');
    from.review();
    from.review();
    expect(told).toEqual([{ node: 'node-b', address: '127.0.0.1', tunnel: '10.9.0.2' }]);
  });

  it('says nothing of networks to a peer before its packets are let in', async () => {
    let letIn: (() => void) | undefined;
    const onSubscribed = () =>
      new Promise<void>((resolve) => {
        letIn = resolve;
      });
    const from = await publisher(nodes.a, { onSubscribed });
    from.publish(ofA(1));
    const to = subscriber(nodes.b, from.port);
    await to.until(({ state }) => state === 'up');
    from.publish(ofA(2));
    // What was said to it has come by then.
    await expect(to.ask('anything', null, { timeoutMs: 1000 })).rejects.toThrow();
    expect(to.view()).toMatchObject({ networks: new Map(), awaited: true });
    letIn?.();
    await to.until(({ networks, awaited }) => networks.has('net1') && !awaited);
  });

  it('what cannot be asked fails alone, not with its session', async () => {
    const from = await publisher(nodes.a, { answer: async () => undefined });
    const to = subscriber(nodes.b, from.port);
    await to.until(({ state }) => state === 'up');
    expect(await to.ask('anything', undefined, { timeoutMs: 1000 })).toBeNull();
    await expect(to.ask('x'.repeat(65), null, { timeoutMs: 1000 })).rejects.toThrow('at most 64');
    expect(to.view().state).toBe('up');
  });

  it('answers what is asked, and says why not', async () => {
    const from = await publisher(nodes.a, {
      async answer(what, args) {
        if (what === 'echo') return { args };
        if (what === 'big') return 'x'.repeat(2_000_000);
        if (what === 'never') return new Promise(() => {});
        throw new Error(`unknown question "${what}"`);
      },
      limits: { maxLine: 1_000_000 },
    });
    const to = subscriber(nodes.b, from.port);
    await expect(to.ask('echo', 1, { timeoutMs: 1000 })).rejects.toThrow('no session with');
    await to.until(({ state }) => state === 'up');
    const ask = (what: string, args?: unknown, timeoutMs = 10_000) =>
      to.ask(what, args, { timeoutMs });
    expect(await ask('echo', [1, 'ü'])).toEqual({ args: [1, 'ü'] });
    await expect(ask('odd')).rejects.toThrow('unknown question "odd"');
    await expect(ask('big')).rejects.toThrow('the answer to "big" is too long');
    await expect(ask('never', null, 60)).rejects.toThrow('no answer to "never" within 60 ms');
    const waiting = to.ask('never', null, { timeoutMs: 10_000 });
    to.close();
    await expect(waiting).rejects.toThrow('closed');
  });

  it('an address of this host itself is refused', async () => {
    const from = await publisher(nodes.a);
    const to = subscriber(nodes.a, from.port);
    await to.until(({ lastError }) => lastError === 'this address is of this host itself');
    expect(to.view().state).not.toBe('up');
  });
});

it('peers come and go with the list', async () => {
  const from = await publisher(nodes.a, { answer: async (what) => `${what}!` });
  from.publish(ofA(1));
  const removed: string[] = [];
  const warned: unknown[] = [];
  const peers = createPeers({
    credentials: nodes.b,
    port: from.port,
    node: 'node-b',
    log: { ...silentLog, warn: (what: unknown) => warned.push(what) },
    onChange: (address, view) => view ?? removed.push(address),
  });
  atEnd(() => peers.close());
  peers.setWanted(['net1']);
  for (let n = 0; n < 3; n++) peers.setPeers(['127.0.0.1', '127.0.0.2', 'not an address']);
  expect(warned).toEqual([{ address: 'not an address' }]);
  await until(() => peers.views()[0]?.networks.size === 1, { what: 'the record' });
  expect(peers.views().map(({ address }) => address)).toEqual(['127.0.0.1', '127.0.0.2']);
  expect(await peers.ask('node-a', 'status', null, { timeoutMs: 1000 })).toBe('status!');
  expect(await peers.ask('127.0.0.1', 'status', null, { timeoutMs: 1000 })).toBe('status!');
  await expect(peers.ask('node-z', 'status', null, { timeoutMs: 1000 })).rejects.toThrow(
    'no peer "node-z" is known; known addresses: 127.0.0.1, 127.0.0.2',
  );
  peers.setPeers(['127.0.0.2']);
  expect(removed).toEqual(['127.0.0.1']);
  expect(peers.views().map(({ address }) => address)).toEqual(['127.0.0.2']);
});
