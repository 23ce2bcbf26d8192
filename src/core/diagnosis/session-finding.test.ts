import { expect, it } from 'vitest';
import { sessionFinding } from './session-finding.ts';

const found = (lastError: string) =>
  sessionFinding(
    { address: '10.9.0.3', state: 'silent', fault: 'certificate', lastError, listed: true },
    { from: '10.9.0.1', port: 4790 },
  );

it.each([
  'the peer’s certificate is not of this Swarm: certificate has expired',
  'its certificate has expired',
])('a host whose certificate has expired is named so: %s', (lastError) => {
  expect(found(lastError)).toMatchObject({ code: 'certificate-expired', host: '10.9.0.3' });
  expect(found(lastError)?.remedy).toContain('docker swarm ca --rotate');
});

it('it is not the one who hears that the other refused his', () => {
  const alert = 'ssl/tls alert certificate expired: SSL alert number 45';
  expect(found(alert)?.code).toBe('certificate');
});
