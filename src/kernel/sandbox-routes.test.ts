import { expect, it } from 'vitest';
import { parseRouting } from './sandbox-routes.ts';

it('reads a line of JSON for each question, and a route for one address as Docker names it', () => {
  const text = [
    '[{"ifname":"lo","flags":["LOOPBACK","UP"],"address":"00:00:00:00:00:00"},' +
      '{"ifname":"eth0","flags":["BROADCAST"],"address":"02:42:0a:00:00:02"}]',
    '[{"dst":"224.0.0.0/4","dev":"eth0","scope":"link","flags":[]}]',
    '[{"dst":"255.255.255.255","dev":"eth0","scope":"link","metric":7,"flags":[]}]',
    '',
  ].join('\n');
  expect(parseRouting(text)).toEqual({
    links: [
      { dev: 'lo', mac: '00:00:00:00:00:00', up: true },
      { dev: 'eth0', mac: '02:42:0a:00:00:02', up: false },
    ],
    routes: [
      { to: '224.0.0.0/4', dev: 'eth0', metric: 0 },
      { to: '255.255.255.255/32', dev: 'eth0', metric: 7 },
    ],
  });
});

it('reads no answer as no route', () => {
  expect(parseRouting('[]\n').routes).toEqual([]);
});
