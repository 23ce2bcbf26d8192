/** Debian's Prometheus and its promtool, as judges of what the agents say. */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../kit/containers.ts';
import type { LabHost } from '../../lab.ts';
import { mustRun, type RunResult, run, until } from '../../run.ts';

export const MONITORING = join(ROOT, 'monitoring');

/** Runs promtool on this machine. */
export function promtool(args: string[], input = ''): Promise<RunResult> {
  return run(['promtool', ...args], { input, timeoutMs: 30_000 });
}

/** A Prometheus in a host of the lab that reads the other hosts' metrics each second. */
export class Prometheus {
  readonly #host: LabHost;
  readonly #child: ChildProcess;
  readonly #dir: string;

  private constructor(host: LabHost, child: ChildProcess, dir: string) {
    this.#host = host;
    this.#child = child;
    this.#dir = dir;
  }

  static async start(host: LabHost, targets: string[]): Promise<Prometheus> {
    const dir = await mkdtemp(join(tmpdir(), 'castnet-prometheus-'));
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [join(MONITORING, 'alerts.yml')],
      scrape_configs: [{ job_name: 'castnet', static_configs: [{ targets }] }],
    };
    await writeFile(join(dir, 'prometheus.yml'), JSON.stringify(config));
    const child = host.spawn([
      'prometheus',
      `--config.file=${dir}/prometheus.yml`,
      `--storage.tsdb.path=${dir}/data`,
      '--web.listen-address=127.0.0.1:9090',
      '--log.level=error',
    ]);
    child.stdout?.resume();
    child.stderr?.resume();
    return new Prometheus(host, child, dir);
  }

  /** The values of an expression now. Errors: in promtool's words. */
  async query(expression: string): Promise<string[]> {
    const argv = ['promtool', 'query', 'instant', 'http://127.0.0.1:9090', expression];
    return (await mustRun(this.#host.enter(argv))).split('\n').filter((it) => it !== '');
  }

  /** Waits until an expression has a value. */
  values(expression: string, timeoutMs = 15_000): Promise<string[]> {
    return until(
      async () => {
        const found = await this.query(expression);
        return found.length > 0 ? found : undefined;
      },
      { what: `a value of ${expression}`, timeoutMs },
    );
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill();
    await ended;
    await rm(this.#dir, { recursive: true, force: true });
  }
}
