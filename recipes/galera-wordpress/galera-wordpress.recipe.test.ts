/** Galera: three databases that are one, behind a service's virtual address; WordPress twice on it. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { vipsOf } from '../../lab/kit/vip.ts';
import { browserIn } from '../support/browser.ts';
import { inTask, logOf, recipe, type Site, says, type Task } from '../support/recipe.ts';

const PASSWORD = 'change-me';
/** That one of two tasks answers none of them has a chance of one in two thousand. */
const VISITS = 12;
const WRITES = 30;

/** What the mariadb command says in a task; `at` is the server it connects to. */
const sql = (task: Task, statement: string, at = 'localhost'): Promise<string> =>
  inTask(task, ['mariadb', '-h', at, '-uroot', `-p${PASSWORD}`, '-Ne', statement]);

/** Waits until each node counts three in the cluster and has its data. */
async function cluster(site: Site): Promise<Task[]> {
  const tasks = await site.tasks('db', 3);
  for (const task of tasks) {
    const where = { what: `${task.name} on ${task.host.name}`, withinMs: 120_000 };
    const status = "SHOW STATUS WHERE variable_name IN ('wsrep_cluster_size', 'wsrep_ready')";
    const words = /wsrep_cluster_size\s+3\s+wsrep_ready\s+ON/;
    await says(() => sql(task, status), { ...where, words });
  }
  return tasks;
}

const shown = (page: Page): Promise<string | null> =>
  page.textContent('body').catch((it: Error) => it.message);

/** Fills in WordPress's form, once more where it is still there after a minute. */
async function install(page: Page): Promise<void> {
  for (const isLast of [false, true]) {
    await page.fill('#weblog_title', 'Two for one');
    await page.fill('#user_login', 'editor');
    await page.fill('#pass1', 'correct-horse-battery-staple-9');
    await page.fill('#admin_email', 'editor@example.org');
    await page.click('#submit');
    try {
      return await page.getByText('Success!').waitFor();
    } catch (error) {
      if (isLast || !(await page.locator('#weblog_title').isVisible())) throw error;
      console.log(`WordPress still shows its form:\n${await shown(page)}`);
    }
  }
}

await recipe({ directory: import.meta.dirname }, (site) => {
  it('of three that start at once one begins the cluster, and the others join it', async () => {
    const tasks = await cluster(site());
    const logs = await Promise.all(tasks.map((it) => logOf(it)));
    expect(logs.filter((it) => it.includes('begins the cluster')).length).toBe(1);
  }, 240_000);

  it('writes through the service’s address reach all nodes', async () => {
    const tasks = await cluster(site());
    const [one] = tasks as [Task];
    await sql(one, 'CREATE TABLE wordpress.written (n INT PRIMARY KEY, node VARCHAR(64))');
    for (let n = 0; n < WRITES; n++) {
      await sql(one, `INSERT INTO wordpress.written VALUES (${n}, @@hostname)`, 'db');
    }
    const by = await sql(one, 'SELECT node, COUNT(*) FROM wordpress.written GROUP BY node');
    console.log(`written by:\n${by}`);
    expect(by.trim().split('\n').length, 'nodes behind the address').toBeGreaterThan(1);
    for (const task of tasks) {
      expect(await sql(task, 'SELECT COUNT(*) FROM wordpress.written')).toContain(String(WRITES));
    }
  });

  it('a node that is killed is replaced by one that gets the data from another', async () => {
    const [killed] = (await site().tasks('db', 3)) as [Task];
    await killed.host.docker(['kill', killed.id]);
    await expect
      .poll(async () => (await site().tasks('db', 3)).some((it) => it.id === killed.id), {
        timeout: 60_000,
      })
      .toBe(false);
    const tasks = await cluster(site());
    const slot = killed.name.split('.')[1];
    const next = tasks.find((it) => it.name.split('.')[1] === slot) as Task;
    await says(() => logOf(next), { what: next.name, words: /.* joins .*/, withinMs: 15_000 });
    const words = /.*SST (?:complete|received).*/i;
    await says(() => logOf(next), { what: next.name, words, withinMs: 30_000 });
    expect(await sql(next, 'SELECT COUNT(*) FROM wordpress.written')).toContain(String(WRITES));
  }, 240_000);

  it('WordPress is installed in a browser, by its virtual address', async () => {
    const [etcd] = (await site().tasks('etcd', 1)) as [Task];
    await site().tasks('wordpress', 2);
    const [vip = ''] = await vipsOf(site().lab, 'galera-wordpress_wordpress');
    const browser = await browserIn(etcd, { wordpress: vip });
    const page = await browser.newPage();
    try {
      page.setDefaultTimeout(60_000);
      await page.goto('http://wordpress/');
      console.log(`the browser is at ${page.url()}: ${await page.title()}`);
      expect(page.url()).toBe('http://wordpress/wp-admin/install.php');
      await install(page);
      await page.goto('http://wordpress/wp-login.php');
      await page.fill('#user_login', 'editor');
      await page.fill('#user_pass', 'correct-horse-battery-staple-9');
      await page.click('#wp-submit');
      await page.locator('#wpadminbar').waitFor();
      // Each visit has connections of its own, so either task may answer: both must take the same cookie.
      const storageState = await page.context().storageState();
      for (let visit = 0; visit < VISITS; visit++) {
        const context = await browser.newContext({ storageState });
        const again = await context.newPage();
        await again.goto('http://wordpress/wp-admin/profile.php');
        expect(await again.inputValue('#email')).toBe('editor@example.org');
        await context.close();
      }
      console.log(`the browser is at ${page.url()}: ${await page.title()}`);
    } catch (error) {
      console.log(`the browser is at ${page.url()}, and shows:\n${await shown(page)}`);
      throw error;
    } finally {
      await browser.close();
    }
  }, 240_000);

  it('both tasks show the one site, and so does the port of each of their hosts', async () => {
    for (const task of await site().tasks('wordpress', 2)) {
      const title = /<title>.*Two for one.*<\/title>/;
      // The page that needs no theme: Debian has these in packages of their own.
      const at = (host: string): string[] => ['curl', '-s', `http://${host}/wp-login.php`];
      const own = () => inTask(task, at('localhost'));
      await says(own, { what: task.name, words: title, withinMs: 60_000 });
      const host = `${task.host.address}:8080`;
      const published = async () => (await task.host.exec(at(host))).stdout;
      await says(published, { what: host, words: title, withinMs: 60_000 });
      const log = await inTask(task, ['cat', '/var/log/apache2/access.log']);
      expect(log, `${task.name} answered the browser`).toMatch(/GET \/wp-admin\/.*Chrome/);
    }
  }, 240_000);
});
