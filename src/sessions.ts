import { existsSync } from 'node:fs';
import limit from 'p-limit';
import type { Log } from './agent/log.ts';
import type { Sessions } from './agent/swarm-link.ts';
import type { PeerAnswer, Question } from './api/answers.ts';
import type { Config } from './config.ts';
import type { SwarmReport } from './contract/report.ts';
import type { Asker } from './core/visible.ts';
import type { Credentials } from './peers/credentials.ts';
import { createPeers } from './peers/peers.ts';
import { loadPreshared } from './peers/psk.ts';
import { createPublisher } from './peers/publisher.ts';
import { hasCertificate, loadSwarmCredentials } from './peers/tls.ts';

/** Wires the peers room into the form in which the agent wants it. */
export interface SessionOptions {
  readonly credentials: Credentials;
  readonly config: Config;
  readonly node: string;
  readonly tunnel: string;
  readonly onChange: () => void;
  /** Resolves when this host's kernel forwards as all says that was heard before the call. */
  readonly inForce: () => Promise<void>;
  /** Another host's kernel has more of what this one said than before. */
  readonly onConfirmed: () => void;
  /**
   * Another host of the Swarm began to listen to us: it may be one we do not know yet.
   * @param from where its packets come from
   * @returns when they are let in; it hears of our networks only then
   */
  readonly onSubscriber: (address: string, from: readonly string[]) => Promise<void>;
  /** Whether a node is of the Swarm, as far as is known. */
  readonly isMember: (node: string) => boolean;
  /** Whether a node takes part in a network of this host. */
  readonly mayHear: (peer: { node: string; address: string }, network: string) => boolean;
  readonly answer: (what: string, args: unknown, by: Asker) => Promise<unknown>;
  readonly log: Log;
}

/** @throws Error when the peer port cannot be listened at */
export async function openSessions(options: SessionOptions): Promise<Sessions> {
  const { credentials, config, node, tunnel, onChange, onSubscriber, isMember, answer, log } =
    options;
  const { inForce, onConfirmed, mayHear } = options;
  let own = tunnel;
  const peers = createPeers({
    credentials,
    port: config.peerPort,
    node,
    tunnel: () => own,
    inForce,
    log,
    onChange,
    isMember,
  });
  const publisher = createPublisher({
    credentials,
    host: existsSync('/proc/net/if_inet6') ? '::' : '0.0.0.0',
    port: config.peerPort,
    node,
    tunnel,
    admit: (peer) => isMember(peer.node) || `node ${peer.node} is not of this Swarm any more`,
    onSubscribed: ({ address, tunnel: from }) =>
      onSubscriber(address, from === undefined ? [address] : [address, from]),
    onConfirmed,
    mayHear,
    isListed: peers.has,
    answer,
    log,
  });
  await publisher.listen();
  return {
    node,
    setPeers: peers.setPeers,
    setWanted: peers.setWanted,
    views: peers.views,
    listeners: () => publisher.sessions().length,
    publish: (record) => {
      own = record.tunnel;
      publisher.publish(record);
    },
    mark: publisher.mark,
    confirmed: publisher.confirmed,
    setNodes: publisher.setNodes,
    review: () => {
      publisher.review();
      peers.review();
    },
    readmit: publisher.readmit,
    poke: peers.poke,
    ask: peers.ask,
    secret: peers.secret,
    close: async () => {
      peers.close();
      await publisher.close();
    },
  };
}

/** Longer than any question takes a host that is well, milliseconds. */
const ANSWER_MS = 5000;

/** Hosts whose answers are waited for at a time: enough that the network's way does not count. */
const ASKED_AT_ONCE = 64;

/** Asks every peer, as `AskPeers` says. */
export async function askPeers(
  sessions: Pick<Sessions, 'views' | 'ask'> | undefined,
  { what, args, among = () => true, takesTime = false }: Question,
  take: (answer: PeerAnswer) => unknown,
): Promise<void> {
  const peers = (sessions?.views() ?? []).filter((it) => among(it.address));
  const turns = limit(takesTime ? Number.POSITIVE_INFINITY : ASKED_AT_ONCE);
  const ask = async (address: string): Promise<PeerAnswer> => {
    try {
      const answer = await sessions?.ask(address, what, args, { timeoutMs: ANSWER_MS });
      return { address, answer };
    } catch (error) {
      return { address, error: (error as Error).message };
    }
  };
  await Promise.all(peers.map(({ address }) => turns(async () => take(await ask(address)))));
}

/**
 * How this host proves that it is of its Swarm: by a pre-shared key where it has one, else by the
 * Swarm's certificates, which are read again when they change.
 */
export function swarmIdentity(options: {
  directory: string;
  pskFile: string;
  log: Log;
  /** Why changed certificates cannot be used yet; undefined: nothing is amiss. */
  onStale?: (reason: string | undefined) => void;
}) {
  const { directory, pskFile: file } = options;
  let credentials: Credentials | undefined;

  function forget(): void {
    credentials?.close();
    credentials = undefined;
  }

  /** @throws CredentialsError in words for a person, when there are none or none that serve */
  async function load(): Promise<Credentials> {
    const preshared = await loadPreshared({ file, directory });
    if (preshared !== undefined) {
      // It names this host by another id after the host has joined again.
      if (credentials?.kind !== 'psk' || credentials.node !== preshared.node) {
        forget();
        credentials = preshared;
      }
    } else if (credentials === undefined) credentials = await loadSwarmCredentials(options);
    else await credentials.refresh();
    return credentials as Credentials;
  }

  return {
    load,
    /**
     * This host's node id. Docker takes the certificates away when its host leaves the Swarm
     * (moby, daemon/cluster/utils.go, clearPersistentState), and then there is none.
     *
     * @throws CredentialsError as `load`, but for certificates that are missing
     */
    async node(): Promise<string | undefined> {
      if (await hasCertificate(directory)) return (await load()).node;
      forget();
      return undefined;
    },
    /** What the certificate says, as last read. */
    certificate(): SwarmReport | undefined {
      const found = credentials?.certificate;
      return (
        found && {
          id: found.cluster,
          role: found.role,
          certificateFrom: found.from,
          certificateUntil: found.until,
        }
      );
    },
  };
}
