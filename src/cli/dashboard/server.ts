import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { streamSSE } from 'hono/streaming';
import { UserError } from '../output.ts';
import { type Access, guard } from './access.ts';
import type { Feed, Message } from './feed.ts';

/** The page's files, by the path at which they are served. */
export type Page = ReadonlyMap<string, { readonly type: string; readonly text: string }>;

const FILES = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/app.js', 'app.js', 'text/javascript; charset=utf-8'],
  ['/style.css', 'style.css', 'text/css; charset=utf-8'],
  ['/icon.svg', 'icon.svg', 'image/svg+xml'],
] as const;

/** @throws UserError when the page was not built */
export function readPage(directory: string): Page {
  try {
    return new Map(
      FILES.map(([path, file, type]) => {
        return [path, { type, text: readFileSync(join(directory, file), 'utf8') }] as const;
      }),
    );
  } catch {
    throw new UserError(`the dashboard's page is not in ${directory}`, {
      hint: 'In a checkout, build it first: npm run build',
    });
  }
}

export interface DashboardOptions {
  readonly page: Page;
  readonly feed: Feed;
  readonly access: Access;
  /** Probes a network; rejects in words for a person. */
  readonly probe: (network: string) => Promise<unknown>;
}

/** A client that takes no message for so long that these wait is left; it comes again by itself. */
const WAITING_AT_MOST = 50;

/** The dashboard's own API: the page, its feed, the probe. */
export function dashboardApp({ page, feed, access, probe }: DashboardOptions): Hono {
  const app = new Hono();
  const own = ["'self'"];
  app.use(
    secureHeaders({
      strictTransportSecurity: false,
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        ...{ scriptSrc: own, styleSrc: own, connectSrc: own, imgSrc: own },
        ...{ frameAncestors: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"] },
      },
    }),
  );
  app.use(guard(access));
  for (const [path, { type, text }] of page) {
    app.get(path, (context) => context.body(text, 200, { 'Content-Type': type }));
  }
  app.get('/api/view', async (context) => {
    try {
      return context.json(await feed.view());
    } catch (error) {
      return context.json({ error: (error as Error).message }, 502);
    }
  });
  app.get('/api/feed', (context) =>
    streamSSE(context, async (stream) => {
      const waiting: Message[] = [];
      let wake = () => {};
      const end = feed.listen((message) => {
        // Whoever does not read keeps the write below waiting, and nothing else would end it.
        if (waiting.length < WAITING_AT_MOST) waiting.push(message);
        else stream.abort();
        wake();
      });
      stream.onAbort(() => {
        end();
        wake();
      });
      while (!stream.aborted) {
        const message = waiting.shift();
        if (message === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        } else {
          await stream.writeSSE({ event: message.name, data: JSON.stringify(message.data) });
        }
      }
    }),
  );
  app.post('/api/probe/:network', async (context) => {
    try {
      return context.json((await probe(context.req.param('network'))) as object);
    } catch (error) {
      return context.json({ error: (error as Error).message }, 502);
    }
  });
  return app;
}
