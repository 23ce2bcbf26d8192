import { generateKeyPairSync } from 'node:crypto';
import { inAddress } from '../core/encryption/endpoint.ts';
import {
  explainStep,
  type WireguardFound,
  type WireguardStep,
} from '../core/encryption/wireguard.ts';
import { CommandError, mustRun, run } from '../system/run.ts';
import { withSecret, withSecrets } from './secret-file.ts';
import { kept, show } from './show.ts';
import { type KeyPair, parseDump, parseInterface } from './wireguard-dump.ts';
import {
  ensureWireguardNamespace,
  inWireguard,
  lookAtWireguardNamespace,
  WIREGUARD,
  WIREGUARD_PATH,
} from './wireguard-namespace.ts';
import { WireguardProgram } from './wireguard-program.ts';

/** The interface, alone in the namespace of the same name. */
const NAME = WIREGUARD;

/**
 * Both ends send something at least so often, seconds: so a translator between them (NAT) remembers the way,
 * and the handshake is done before a container's first packet. whitepaper, section 6.5; wg(8).
 */
const KEEPALIVE_S = 25;

/**
 * Packets that wait for the program, which does not always get a core when it needs one: a fifth of a second of
 * as many as it can carry. With the 500 that a tun device has, 1.5 % of 15 500 packets a second were lost here.
 */
const WAITING = 4_000;

/** What `ip` says when the kernel has no WireGuard, and no module of it. */
const NO_WIREGUARD = /unknown device type|operation not supported|not supported/i;

/** What `nsenter` and `wg` say when there is no namespace, no interface, or one that is not WireGuard's. */
const GONE = /no such (file|device)|not supported|invalid argument/i;

/**
 * The tools that look inside the namespace, kept running. A list of addresses tells its tool the names of devices;
 * the one for IPv6 asks for none, and an index that a tool does not know it asks the kernel for (iproute2, lib/ll_map.c).
 */
const TOOLS = { all: kept(inWireguard('ip')), six: kept(inWireguard('ip', '-6')) };

export interface WireguardOptions {
  /** The host's /run through which a mount reaches the host. */
  readonly sharedRun: string;
  /** In memory, root's. */
  readonly stateDirectory: string;
  readonly log: { warn(fields: object, message: string): void };
}

/** Who carries the packets. */
export type Carrier = 'kernel' | 'wireguard-go';

/**
 * A host's WireGuard interface: the kernel's where it has one, else that of `wireguard-go`. The host's key
 * is made with it, and is nowhere but in the interface and this process: another agent finds it in the
 * kernel's interface; with the program's it has another.
 */
export class Wireguard {
  readonly #options: WireguardOptions;
  readonly #program: WireguardProgram;
  #keys: KeyPair | undefined;
  #next: KeyPair | undefined;
  #carrier: Carrier | undefined;
  #onGone: () => void = () => {};

  constructor(options: WireguardOptions) {
    this.#options = options;
    this.#program = new WireguardProgram((reason) => {
      options.log.warn({ reason }, 'wireguard-go has ended');
      this.#onGone();
    });
  }

  /** Who carries the packets; undefined while there is no interface. */
  get carrier(): Carrier | undefined {
    return this.#carrier;
  }

  /** Calls back when the interface has gone by itself. */
  onGone(listener: () => void): void {
    this.#onGone = listener;
  }

  /** What there is; undefined: no interface with a key. @throws CommandError when it cannot be read */
  async observe(): Promise<WireguardFound | undefined> {
    await lookAtWireguardNamespace();
    const argv = inWireguard('wg', 'show', NAME, 'dump');
    const dump = await run(argv);
    if (dump.status !== 0) {
      // One that only cannot be read now must not be taken for one that has gone: it would be made anew.
      if (dump.status !== null && GONE.test(dump.stderr)) return undefined;
      throw new CommandError(argv, dump.status, dump.stderr);
    }
    const { keys, port, peers } = parseDump(dump.stdout);
    if (keys === undefined) return undefined;
    // An agent before this one may have made it; the tools below stay in this one, whatever is at its path.
    await ensureWireguardNamespace(this.#options.sharedRun, this.#options.log);
    const defaults = ['route show default'];
    const [all, six] = await Promise.all([
      show(TOOLS.all, ['address show'], defaults),
      // A kernel without IPv6 has no routes of it.
      show(TOOLS.six, [], defaults),
    ]);
    const link = parseInterface(NAME, [...all, ...six]);
    if (link === undefined) return undefined;
    this.#keys = keys;
    this.#carrier ??= this.#program.isRunning ? 'wireguard-go' : 'kernel';
    return { key: keys.public, port, peers, ...link };
  }

  /**
   * Makes the interface, with this host's key, where there is none.
   * @throws Error when neither the kernel nor the program can
   */
  async make(mtu: number): Promise<void> {
    const { sharedRun, log } = this.#options;
    await ensureWireguardNamespace(sharedRun, log);
    this.#keys ??= newKeys();
    await run(inWireguard('ip', 'link', 'del', 'dev', NAME));
    // In the namespace of this process its socket is made, and stays.
    const made = await run([
      'ip',
      'link',
      'add',
      'dev',
      NAME,
      'netns',
      WIREGUARD_PATH,
      'type',
      'wireguard',
    ]);
    if (made.status === 0) {
      this.#carrier = 'kernel';
      await this.#giveKey();
      return;
    }
    const words = made.stderr.trim();
    if (!NO_WIREGUARD.test(words))
      throw new CommandError(['ip', 'link', 'add'], made.status, words);
    await this.#program.start(NAME).catch((error: Error) => {
      throw new Error(`this kernel has no WireGuard (${words}), and ${error.message}`);
    });
    this.#carrier = 'wireguard-go';
    // Told before it is moved: the program hears of the MTU in this namespace only.
    const sizes = ['mtu', String(mtu), 'txqueuelen', String(WAITING)];
    await mustRun(['ip', 'link', 'set', 'dev', NAME, ...sizes]);
    await this.#giveKey();
    await mustRun(['ip', 'link', 'set', 'dev', NAME, 'netns', WIREGUARD_PATH]);
  }

  /** Takes steps, goes on after one that fails. @returns in words what failed */
  async apply(steps: readonly WireguardStep[]): Promise<string[]> {
    const failures: string[] = [];
    for (const step of steps) {
      await this.#take(step).catch((error: Error) =>
        failures.push(`${explainStep(step)}: ${error.message}`),
      );
    }
    return failures;
  }

  /** Makes the key that the interface is to have next, nowhere but in this process yet. @returns its public half */
  prepareKey(): string {
    this.#next = newKeys();
    return this.#next.public;
  }

  /**
   * Gives the interface that key, and in the same moment each peer its secret for it. Sessions send nothing from
   * then on, and still take what comes; packets wait for the next handshake, 128 for each peer.
   * @throws CommandError
   */
  async changeKey(peers: readonly { key: string; secret: string }[]): Promise<void> {
    const next = this.#next;
    if (next === undefined) throw new Error('no key was prepared');
    const secrets = [next.private, ...peers.map((it) => it.secret)];
    await withSecrets(this.#options.stateDirectory, secrets, ([own = '', ...paths]) =>
      wg(
        ...['private-key', own],
        ...peers.flatMap(({ key }, at) => ['peer', key, 'preshared-key', paths[at] ?? '']),
      ),
    );
    this.#keys = next;
    this.#next = undefined;
  }

  /** Takes the interface away, with all that hangs on it. */
  async remove(): Promise<void> {
    await run(inWireguard('ip', 'link', 'del', 'dev', NAME));
    await Promise.all([TOOLS.all.retire(), TOOLS.six.retire()]);
    await this.#program.close();
    this.#carrier = undefined;
    this.#keys = undefined;
  }

  async #take(step: WireguardStep): Promise<void> {
    const { stateDirectory } = this.#options;
    switch (step.action) {
      case 'settle':
        return settle(step.to);
      case 'remove':
        await wg('peer', step.key, 'remove');
        return;
      case 'secret':
        await withSecret(stateDirectory, step.peer.secret, (path) =>
          wg('peer', step.peer.key, 'preshared-key', path),
        );
        return;
      case 'add': {
        const { key, address, port, secret } = step.peer;
        const length = address.includes(':') ? 128 : 32;
        const to = ['endpoint', inAddress(address, port), 'allowed-ips', `${address}/${length}`];
        const often = ['persistent-keepalive', String(KEEPALIVE_S)];
        await withSecret(stateDirectory, secret, (path) =>
          wg('peer', key, 'preshared-key', path, ...to, ...often),
        );
      }
    }
  }

  #giveKey(): Promise<void> {
    const { private: secret } = this.#keys as KeyPair;
    const { stateDirectory } = this.#options;
    // By the program's socket, or in the namespace by netlink.
    return withSecret(stateDirectory, secret, (path) => wg('private-key', path));
  }
}

const wg = async (...words: readonly string[]): Promise<void> => {
  await mustRun(inWireguard('wg', 'set', NAME, ...words));
};

/** Port, MTU, address, and all that is sent leaves by it. */
async function settle(to: { address: string; port: number; mtu: number }): Promise<void> {
  const { address, port, mtu } = to;
  const [family, length] = address.includes(':') ? ['-6', 128] : ['-4', 32];
  await wg('listen-port', String(port));
  const lines = [
    `link set dev ${NAME} mtu ${mtu}`,
    // The namespace has none but its own, and an address takes no time to be tried.
    `address flush dev ${NAME} scope global`,
    `address add ${address}/${length} dev ${NAME}${family === '-6' ? ' nodad' : ''}`,
    `link set dev ${NAME} up`,
    `route replace default dev ${NAME}`,
  ];
  await mustRun(inWireguard('ip', family as string, '-batch', '-'), `${lines.join('\n')}\n`);
}

/** A key pair of Curve25519 (RFC 7748), as WireGuard writes them. */
export function newKeys(): KeyPair {
  const { privateKey } = generateKeyPairSync('x25519');
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
  const plain = (it: string) => Buffer.from(it, 'base64url').toString('base64');
  return { private: plain(d), public: plain(x) };
}
