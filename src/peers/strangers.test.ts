import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { publisher, subscriber } from './testing/agents.ts';
import { useSwarm } from './testing/nodes.ts';
import { host, network } from './testing/records.ts';
import { until } from './testing/until.ts';

const ours = useSwarm();
// The same cluster id, which anyone may write into a certificate; only the root tells.
const theirs = useSwarm();

function certificate(directory: string): { cert: Buffer; key: Buffer } {
  const read = (name: string) => readFileSync(join(directory, name));
  return { cert: read('swarm-node.crt'), key: read('swarm-node.key') };
}

const HELLO = '{"type":"hello","version":1,"node":"node-x"}\n{"type":"want","networks":["net1"]}\n';

/** What one who sends `text` over TLS reads until the connection is ended. */
function talk(port: number, options: ConnectionOptions, text = HELLO): Promise<string> {
  return new Promise((resolve) => {
    let read = '';
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
    socket.on('secureConnect', () => socket.write(text));
    socket.on('data', (chunk) => {
      read += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(read));
  });
}

async function publishing(change = {}) {
  const made = await publisher(await ours.credentials('node-a'), change);
  made.publish(host('node-a', { net1: network(1) }));
  return made;
}

describe('a stranger reads not one byte from a publisher', () => {
  it.each([
    ['without a certificate', () => ({})],
    ['of another Swarm', () => certificate(theirs.node('node-x'))],
    ['with an expired certificate', () => certificate(ours.node('node-x', { expired: true }))],
    ['of another cluster id', () => certificate(ours.node('node-x', { cluster: 'cluster-2' }))],
    ['of another role', () => certificate(ours.node('node-x', { role: 'swarm-ca' }))],
    ['of no role', () => certificate(ours.node('node-x', { role: '' }))],
    [
      'with TLS 1.2',
      () => ({ ...certificate(ours.node('node-x')), maxVersion: 'TLSv1.2' as const }),
    ],
  ])('%s', async (_name, options) => {
    const { port, sessions } = await publishing();
    expect(await talk(port, options())).toBe('');
    expect(sessions()).toEqual([]);
  });

  it('while one of the Swarm does', async () => {
    const { port } = await publishing();
    const read = talk(port, certificate(ours.node('node-x')), `${HELLO}{"type":"hello"}\n`);
    expect(await read).toContain('10.0.0.1');
  });
});

describe('a subscriber says nothing to a stranger', () => {
  it.each([
    ['of another Swarm', () => theirs.node('node-x'), 'not of this Swarm'],
    ['with an expired certificate', () => ours.node('node-x', { expired: true }), 'expired'],
    ['of another cluster id', () => ours.node('node-x', { cluster: 'c2' }), 'of another Swarm (c2'],
    ['of another role', () => ours.node('node-x', { role: 'x' }), 'OU is "x"'],
  ])('%s', async (_name, directory, reason) => {
    let read = '';
    const options = { ...certificate(directory()), requestCert: true, rejectUnauthorized: false };
    const server = createServer(options, (socket) => {
      socket
        .on('error', () => {})
        .on('data', (chunk) => {
          read += chunk;
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const to = subscriber(await ours.credentials('node-b'), port);
    await to.until(({ lastError }) => lastError?.includes(reason) ?? false);
    expect(read).toBe('');
    expect(to.view().node).toBeUndefined();
    to.close();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('one of the Swarm that does not keep to the rules is told why and ended', () => {
  it.each([
    ['another name', HELLO.replace('node-x', 'node-b'), 'its certificate is of node-x'],
    ['another version', HELLO.replace('"version":1', '"version":2'), 'protocol version 2'],
    ['no hello', '{"type":"want","networks":[]}\n', 'first message must be a hello'],
    ['two hellos', `${HELLO}${HELLO}`, 'said hello twice'],
    ['no JSON', 'GET / HTTP/1.1\r\n\r\n', 'not JSON'],
    ['a line too long', 'x'.repeat(70_000), 'longer than 65536 bytes'],
    ['a flood', `${HELLO}${'{"type":"later"}\n'.repeat(60)}`, 'too many messages'],
  ])('%s', async (_name, text, reason) => {
    const { port, sessions } = await publishing({ limits: { requestLine: 65_536, burst: 50 } });
    expect(await talk(port, certificate(ours.node('node-x')), text)).toContain(reason);
    expect(sessions()).toEqual([]);
  });
});

describe('limits', () => {
  it('one who connects and says nothing is ended in time', async () => {
    const { port } = await publishing({ limits: { handshakeMs: 50 } });
    const socket = connectTcp(port, '127.0.0.1').on('error', () => {});
    await new Promise((resolve) => socket.on('close', resolve));
    // So is one who proves its identity and then says nothing.
    expect(await talk(port, certificate(ours.node('node-x')), '')).toBe('');
  });

  it('many half-open connections do not keep an agent out', async () => {
    const { port, sessions } = await publishing({ limits: { handshakes: 5 } });
    const idle = Array.from({ length: 20 }, () =>
      connectTcp(port, '127.0.0.1').on('error', () => {}),
    );
    const to = subscriber(await ours.credentials('node-b'), port);
    await to.until(({ state }) => state === 'up');
    await until(() => idle.filter((socket) => socket.closed).length >= 15, {
      what: 'the oldest to end',
    });
    expect(sessions().length).toBe(1);
    for (const socket of idle) socket.destroy();
  });

  it('a node that comes again and again replaces its oldest session', async () => {
    const { port, sessions } = await publishing({ limits: { sessionsPerNode: 2 } });
    const options = certificate(ours.node('node-x'));
    const talks = [talk(port, options), talk(port, options), talk(port, options)];
    expect(await Promise.race(talks)).toContain('hello');
    expect(sessions().length).toBe(2);
  });

  it('sessions beyond the limit are refused', async () => {
    const { port, sessions } = await publishing({ limits: { sessions: 1 } });
    const to = subscriber(await ours.credentials('node-b'), port);
    await to.until(({ state }) => state === 'up');
    expect(await talk(port, certificate(ours.node('node-x')))).toContain('already 1 sessions');
    expect(sessions().map(({ node }) => node)).toEqual(['node-b']);
  });

  it('one that does not ping is ended', async () => {
    const { port, sessions } = await publishing({ limits: { idleMs: 100 } });
    expect(await talk(port, certificate(ours.node('node-x')))).toContain('snapshot');
    expect(sessions()).toEqual([]);
  });

  it('one that does not read is ended, before it fills the memory', async () => {
    const made = await publishing({ limits: { buffered: 100_000 } });
    const options = certificate(ours.node('node-x'));
    const socket = connect({
      host: '127.0.0.1',
      port: made.port,
      rejectUnauthorized: false,
      ...options,
    });
    socket
      .on('error', () => {})
      .on('secureConnect', () => {
        socket.write(HELLO);
        socket.pause();
      });
    await until(() => made.sessions()[0]?.networks.length === 1, { what: 'the session' });
    let most = 0;
    for (let turn = 0; made.sessions().length > 0 && turn < 20_000; turn++) {
      made.publish(
        host('node-a', {
          net1: network(...Array.from({ length: 200 }, (_, n) => n + (turn % 2) * 2)),
        }),
      );
      made.publish(host('node-a', { net1: network() }));
      most = Math.max(most, made.sessions()[0]?.buffered ?? 0);
      if (turn % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(made.sessions()).toEqual([]);
    expect(most).toBeLessThan(200_000);
    socket.destroy();
  });
});
