import type { Socket } from 'node:dgram';
import limit from 'p-limit';

/** Each takes a Node some 30 ms of a core; a host that starts a hundred tasks has other work too. */
const OPENED_AT_ONCE = 2;

export interface TaskSocketsOptions {
  /** @throws when the namespace cannot be entered */
  readonly open: (sandbox: string) => Promise<Socket>;
  /** As `sandboxIdentity` of the kernel: undefined when the namespace is gone. */
  readonly isThere: (sandbox: string) => boolean;
  readonly onError: (error: Error) => void;
}

/**
 * One UDP socket in the namespace of each task, kept from look to look. In its own namespace a task
 * can falsify nothing but what is said of itself. A socket keeps its namespace, and with it the port
 * of a container that died, so each is closed as soon as its namespace is unmounted.
 */
export class TaskSockets {
  readonly #options: TaskSocketsOptions;
  readonly #queue = limit(OPENED_AT_ONCE);
  readonly #opening = new Map<string, Promise<Socket | undefined>>();
  readonly #open = new Map<string, Socket>();

  constructor(options: TaskSocketsOptions) {
    this.#options = options;
  }

  /** @returns undefined when there is none: the namespace left, or could not be entered */
  async of(sandbox: string): Promise<Socket | undefined> {
    const open = this.#open.get(sandbox);
    if (open !== undefined) return open;
    const opening = this.#opening.get(sandbox) ?? this.#queue(() => this.#make(sandbox));
    this.#opening.set(sandbox, opening);
    return opening;
  }

  /** Closes the sockets of all other namespaces, and of those that are gone. */
  keep(sandboxes: ReadonlySet<string>): void {
    const isKept = (it: string) => sandboxes.has(it) && this.#options.isThere(it);
    for (const [sandbox, socket] of this.#open) {
      if (isKept(sandbox)) continue;
      socket.close();
      this.#open.delete(sandbox);
    }
    for (const sandbox of this.#opening.keys()) {
      if (!isKept(sandbox)) this.#opening.delete(sandbox);
    }
  }

  async #make(sandbox: string): Promise<Socket | undefined> {
    const isWanted = () => this.#opening.has(sandbox);
    try {
      if (!isWanted() || !this.#options.isThere(sandbox)) return undefined;
      const socket = await this.#options.open(sandbox);
      socket.on('error', this.#options.onError);
      // Nobody would let go of it any more.
      if (!isWanted()) {
        socket.close();
        return undefined;
      }
      // A container may be on many networks, each of which listens for its own answer.
      socket.setMaxListeners(0);
      this.#open.set(sandbox, socket);
      return socket;
    } catch (error) {
      this.#options.onError(error as Error);
      return undefined;
    } finally {
      this.#opening.delete(sandbox);
    }
  }
}
