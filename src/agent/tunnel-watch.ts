import { isDeepStrictEqual } from 'node:util';
import type { Tunnel } from '../core/forwarding/forwarding.ts';
import type { Host } from './host.ts';
import type { Log } from './log.ts';

export interface TunnelWatchOptions {
  readonly host: Host;
  /** Looks for the address afresh. @throws Fault when this host has none */
  readonly find: () => Promise<Tunnel>;
  /** Lets packets in at another address, before anybody is told of it. */
  readonly admit: () => Promise<void>;
  readonly log: Log;
}

/** Keeps what is known of this host's tunnel address. */
export class TunnelWatch {
  readonly #options: TunnelWatchOptions;

  constructor(options: TunnelWatchOptions) {
    this.#options = options;
  }

  /** Looks afresh. @throws Fault when this host has no tunnel address */
  async find(): Promise<Tunnel> {
    const { host, find, admit, log } = this.#options;
    const found = await find().catch((error: Error) => {
      if (error.message !== host.noTunnel) log.warn({ reason: error.message }, 'no tunnel address');
      host.noTunnel = error.message;
      throw error;
    });
    host.noTunnel = '';
    const before = host.tunnel;
    host.tunnel = found;
    if (!isDeepStrictEqual(before, found)) {
      log.info({ ...found }, 'tunnel address');
      if (before?.address !== found.address) await admit();
      host.emit('tunnel');
    }
    return found;
  }

  /** The same where nobody needs it now. @returns whether it is another than before, or there again */
  async look(): Promise<boolean> {
    const { host } = this.#options;
    const [before, missed] = [host.tunnel, host.noTunnel !== ''];
    await this.find().catch(() => {});
    return missed || !isDeepStrictEqual(before, host.tunnel);
  }
}
