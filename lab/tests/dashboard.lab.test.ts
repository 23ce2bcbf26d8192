/** The dashboard in a browser: what it shows is what is, by mouse and keys, on any screen, at any size. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { localApi } from '../../src/api/api.ts';
import type { DashboardMessages } from '../../src/core/views/dashboard.ts';
import { listenAt } from '../../src/system/listen.ts';
import { inHost } from '../kit/agent.ts';
import { createWeb, removeServices, vipsOf } from '../kit/vip.ts';
import { until } from '../run.ts';
import { simulatedReporter } from '../tools/simulation.ts';
import { useCrew } from './support/crew.ts';
import {
  type Chromium,
  type Dashboard,
  framesIn,
  openBrowser,
  openDashboard,
  openPage,
  screenshot,
} from './support/dashboard.ts';
import { useSharedLab } from './support/shared-lab.ts';

const GROUP = '239.91.0.1';
const OTHER = '239.91.0.2';
const RATE = 300;
const SIZE = 900;
/** In which the page's command answers, milliseconds. */
const ANSWER_MS = 100;

const lab = useSharedLab('dashboard');
const crew = useCrew(lab, { network: 'plaza' });
let chromium: Chromium;
let dashboard: Dashboard;
let page: Page;
let faults: string[];

beforeAll(async () => {
  const a = (host: string) => crew.station(host);
  const b = (host: string) => crew.station(host, 'b');
  for (const each of [a('h2'), b('h2'), a('h3')]) await each.join(GROUP);
  for (const each of [b('h1'), a('h1')]) await each.join(OTHER);
  await a('h1').stream({ to: GROUP, tag: GROUP, rate: RATE, size: SIZE });
  await b('h3').stream({ to: OTHER, tag: OTHER, rate: 60, size: 400 });
  await createWeb(lab(), { name: 'shop', networks: ['plaza'], replicas: 3 });
  dashboard = await openDashboard(inHost(lab().host('h1'), '/run/castnet/castnet.sock'));
  chromium = await openBrowser();
  ({ page, faults } = await openPage(chromium.browser, dashboard));
});
afterAll(async () => {
  await chromium?.close();
  await dashboard?.close();
  await crew.station('h1').stop(GROUP);
  await crew.station('h3', 'b').stop(OTHER);
  await removeServices(lab(), 'shop');
});

const row = (group: string) => page.getByRole('option', { name: group });

async function view(): Promise<DashboardMessages['view']> {
  return (await (await fetch(`${dashboard.url}api/view`)).json()) as DashboardMessages['view'];
}

/** Waits until the page has rates: it needs two looks for one. */
const rated = (of: Page) =>
  of
    .getByRole('option', { name: GROUP })
    .getByText(/[1-9].*B\/s/)
    .waitFor();

it('counts hosts, containers and groups, and finds nothing wrong', async () => {
  const figures = page.getByRole('list', { name: 'The Swarm' });
  await figures.getByText('3 hosts').waitFor();
  await figures.getByText('9 containers').waitFor();
  await page.getByText('All is well').waitFor();
});

it('a group has its members, its sender, its copies and its rate', async () => {
  await rated(page);
  const { now, found } = await until(
    async () => {
      const { view: now } = await view();
      const found = now.groups.find((it) => it.group === GROUP);
      const rate = found?.packets ?? 0;
      if (rate > 0.6 * RATE && rate < 1.4 * RATE) return { now, found };
      throw new Error(`${rate} packets a second`);
    },
    { what: `a rate near ${RATE}`, timeoutMs: 15_000, everyMs: 500 },
  );
  const names = (places: readonly number[] = []) =>
    places.map((it) => now.containers[it]?.name).sort();
  expect(names(found?.senders)).toEqual(['plaza-h1-a']);
  expect(names(found?.members)).toEqual(['plaza-h2-a', 'plaza-h2-b', 'plaza-h3-a']);
  const copied = found?.copiedTo.map((it) => now.hosts[it]?.address);
  expect(copied).toEqual([lab().host('h2').address, lab().host('h3').address]);
  await row(GROUP).click();
  const detail = page.getByRole('complementary', { name: 'Selected' });
  for (const name of ['plaza-h1-a', 'plaza-h2-a', 'plaza-h2-b', 'plaza-h3-a']) {
    await detail.getByRole('button', { name }).waitFor();
  }
  const [h2, h3] = [1, 2].map((it) => now.hosts[it]?.name);
  expect(await detail.textContent()).toContain(`Copied to${h2}, ${h3}`);
  await screenshot(page, 'lab-group');
  await page.keyboard.press('Escape');
  await detail.waitFor({ state: 'detached' });
});

it('a service has its virtual address and its tasks', async () => {
  const [vip = ''] = await vipsOf(lab(), 'shop');
  await page.getByRole('tab', { name: 'Services' }).click();
  const card = page.getByRole('article').filter({ hasText: 'shop' });
  // Services are asked for at each fifth look.
  await card.getByText(vip).waitFor({ timeout: 20_000 });
  await until(async () => (await card.getByRole('listitem').count()) === 3 || undefined, {
    what: 'three tasks',
    timeoutMs: 20_000,
  });
});

it('what the agents do comes as an event, with the host’s name', async () => {
  await page.keyboard.press('4');
  const group = '239.91.0.3';
  await crew.station('h2').join(group);
  const event = page.getByRole('listitem').filter({ hasText: group });
  await event.first().waitFor({ timeout: 10_000 });
  expect(await event.first().textContent()).toContain('forwarding changed');
});

it('what comes as an event during a pause is there when the page goes on', async () => {
  const group = '239.91.0.4';
  const event = page.getByRole('listitem').filter({ hasText: group });
  await page.keyboard.press('p');
  // Another page that does not pause tells when the server has told of it.
  const { page: other } = await openPage(chromium.browser, dashboard);
  await other.keyboard.press('4');
  await crew.station('h2').join(group);
  await other.getByRole('listitem').filter({ hasText: group }).first().waitFor({ timeout: 10_000 });
  await other.close();
  expect(await event.count()).toBe(0);
  await page.keyboard.press('p');
  await event.first().waitFor({ timeout: 10_000 });
});

it('the probe draws its matrix', async () => {
  await page.getByRole('tab', { name: 'Probe' }).click();
  await page.getByRole('button', { name: 'Probe now' }).click();
  await page.getByText('every kind of packet reaches every host').waitFor({ timeout: 30_000 });
  expect(await page.getByRole('cell', { name: 'reached' }).count()).toBe(6);
  await screenshot(page, 'lab-probe');
});

it('everything works with the keyboard', async () => {
  await page.keyboard.press('/');
  await page.keyboard.type(OTHER);
  await row(GROUP).waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await row(GROUP).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('ArrowDown');
  expect(await row(GROUP).getAttribute('aria-selected')).toBe('true');
  await page.keyboard.press('ArrowDown');
  expect(await row(OTHER).getAttribute('aria-selected')).toBe('true');
  await page.keyboard.press('Escape');
  // In the picture: from host to container, and select it.
  await page.keyboard.press('m');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('complementary', { name: 'Selected' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  const theme = () => page.locator('html').getAttribute('data-theme');
  await page.keyboard.press('t');
  await page.keyboard.press('t');
  expect(await theme()).toBe('light');
  await page.keyboard.press('t');
  expect(await theme()).toBe('dark');
  await page.keyboard.press('1');
});

it.each([
  { width: 1280, theme: 'dark' },
  { width: 1280, theme: 'light' },
  { width: 400, theme: 'dark' },
  { width: 400, theme: 'light' },
] as const)('fits $width px in $theme, and asks for nothing outside', async (look) => {
  const other = await openPage(chromium.browser, dashboard, look);
  // Two looks, so that there are rates and a plot.
  await other.page.locator('.u-over').first().waitFor();
  await rated(other.page);
  expect(await other.page.evaluate('document.documentElement.scrollWidth')).toBe(look.width);
  expect(await other.page.locator('html').getAttribute('data-theme')).toBe(look.theme);
  await screenshot(other.page, `lab-${look.theme}-${look.width}`);
  expect(other.faults).toEqual([]);
  await other.page.close();
});

it('a host that is cut off is named with its trouble, and well again after', async () => {
  const host = lab().host('h3');
  await host.cut();
  await page.getByText('1 host silent').waitFor({ timeout: 30_000 });
  await page.getByText('2/3 hosts').waitFor({ timeout: 30_000 });
  await screenshot(page, 'lab-trouble');
  await host.mend();
  await page.getByText('All is well').waitFor({ timeout: 60_000 });
  expect(faults).toEqual([]);
});

it('with 1000 containers and 200 groups it draws 30 times a second, and answers in 100 ms', async () => {
  // It would draw beside the one that is measured.
  await page.close();
  const directory = await mkdtemp(join(tmpdir(), 'castnet-many-'));
  const socket = join(directory, 'agent.sock');
  const reporter = simulatedReporter({ hosts: 12, containers: 1000, groups: 200 });
  const agent = await listenAt(socket, localApi(reporter));
  const large = await openDashboard(socket);
  try {
    const { page: many, faults: wrong } = await openPage(chromium.browser, large);
    await many.getByText('1000 containers').waitFor();
    await many.getByText('200 groups').waitFor();
    // For some looks, so that new figures come in between.
    const seconds = 5;
    const before = await chromium.cpuSeconds();
    const frames = await framesIn(many, seconds);
    // Others use this machine too: what counts is that 30 frames need less than a second of a core.
    const each = ((await chromium.cpuSeconds()) - before) / frames;
    expect(each).toBeLessThan(1 / 30);
    await screenshot(many, 'many-1280');
    expect(wrong).toEqual([]);
    // With the page closed nobody else asks.
    await many.close();
    const times: number[] = [];
    const quickest = () => Math.min(...times);
    // What an answer takes when nobody else has the core shows in the quickest of some.
    while (times.length < 20 || (quickest() >= ANSWER_MS && times.length < 200)) {
      const begun = performance.now();
      expect(await (await fetch(`${large.url}api/view`)).json()).toHaveProperty('view');
      times.push(performance.now() - begun);
    }
    const figures = [frames / seconds, each * 1000, quickest()];
    console.log(
      'frames a second, CPU of each in ms, the API’s quickest answer in ms:',
      ...figures.map(Math.round),
    );
    expect(quickest()).toBeLessThan(ANSWER_MS);
  } finally {
    await large.close();
    await agent.close();
    await rm(directory, { recursive: true });
  }
});
