/** `castnet dashboard` as a person starts it, and Debian's Chromium to look at it. */
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { cpuSeconds } from '../../../bench/counters.ts';
import { ROOT } from '../../kit/containers.ts';
import { startCastnet } from './command.ts';

export type Dashboard = {
  url: string;
  /** What the command printed: the same with the token. */
  entrance: string;
  close: () => Promise<void>;
};

/** Starts the command on the agent behind a socket, on a free port of this machine's loopback. */
export async function openDashboard(socket: string): Promise<Dashboard> {
  const at = `127.0.0.1:${await freePort()}`;
  const { child, line, ended } = startCastnet('dashboard', '--socket', socket, '--listen', at);
  const [, entrance = ''] = await line(/castnet dashboard: (\S+)\n/);
  return {
    url: `http://${at}/`,
    entrance,
    close: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

export type Chromium = {
  browser: Browser;
  /** CPU time of all its processes so far, seconds. */
  cpuSeconds: () => Promise<number>;
  close: () => Promise<void>;
};

/** A browser that finds no other host than this one. */
export async function openBrowser(): Promise<Chromium> {
  const server = await chromium.launchServer({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
  });
  return {
    browser: await chromium.connect(server.wsEndpoint()),
    cpuSeconds: () => cpuSeconds(server.process().pid ?? 0),
    close: () => server.close(),
  };
}

export type Look = { width: number; theme: 'dark' | 'light' };

/** The page, once it has drawn, and what went wrong or was asked for elsewhere in it. */
export async function openPage(
  browser: Browser,
  { url, entrance }: Dashboard,
  { width, theme }: Look = { width: 1280, theme: 'dark' },
): Promise<{ page: Page; faults: string[] }> {
  const viewport = { width, height: width < 600 ? 860 : 900 };
  const page = await browser.newPage({ viewport, colorScheme: theme });
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) faults.push(`asks for ${request.url()}`);
  });
  await page.goto(entrance);
  await page.locator('.row').first().waitFor();
  return { page, faults };
}

/** Keeps a picture of the page with the tests' other output. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const directory = join(ROOT, 'test-output', 'dashboard');
  await mkdir(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name}.png`), fullPage: true });
}

/** How often the page draws in some seconds. */
export function framesIn(page: Page, seconds: number): Promise<number> {
  // A text, since what runs in the page knows another world than this program.
  return page.evaluate<number>(`new Promise((resolve) => {
    let frames = 0;
    const begun = performance.now();
    const turn = () => {
      frames += 1;
      if (performance.now() - begun < ${seconds * 1000}) requestAnimationFrame(turn);
      else resolve(frames);
    };
    requestAnimationFrame(turn);
  })`);
}
