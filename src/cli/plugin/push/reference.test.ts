import { expect, test } from 'vitest';
import { isLoopback, nameOf, parseReference } from './reference.ts';

test.each([
  ['registry.example.com/castnet:1.0.0', 'registry.example.com', 'castnet', '1.0.0'],
  ['registry.example.com:5000/net/castnet', 'registry.example.com:5000', 'net/castnet', 'latest'],
  ['localhost/castnet:x', 'localhost', 'castnet', 'x'],
  ['127.0.0.1:5000/castnet:1', '127.0.0.1:5000', 'castnet', '1'],
  ['[fd00::1]:5000/castnet:1', '[fd00::1]:5000', 'castnet', '1'],
  ['account/castnet:1', 'docker.io', 'account/castnet', '1'],
  ['docker.io/account/castnet:1', 'docker.io', 'account/castnet', '1'],
])('%s is read as docker reads it', (text, registry, repository, tag) => {
  expect(parseReference(text)).toEqual({ registry, repository, tag });
});

test.each([
  ['castnet:1.0', /begin with an account/],
  ['castnet', /begin with an account/],
  ['', /begin with an account/],
  ['https://registry.example.com/castnet:1', /no https/],
  ['registry.example.com/castnet@sha256:00', /digest/],
  ['registry.example.com/Castnet:1', /"Castnet" may have small letters/],
  ['registry.example.com/:1', /"" may have/],
  ['registry.example.com/cast net:1', /"cast net" may have/],
  ['registry.example.com/castnet:', /tag "" may have/],
  ['registry.example.com/castnet:a/b', /"castnet:a" may have/],
  [`registry.example.com/castnet:${'x'.repeat(123)}`, /at most 122/],
  ['-host.example/castnet:1', /is no host/],
  ['host.example:port/castnet:1', /is no host/],
])('"%s" is refused with what is accepted', (text, message) => {
  const attempt = () => parseReference(text);
  expect(attempt).toThrow(message);
  expect(attempt).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('REGISTRY/castnet:TAG'), exitCode: 2 }),
  );
});

test('is shown as docker shows it', () => {
  expect(nameOf(parseReference('docker.io/account/castnet:1'))).toBe('account/castnet:1');
  expect(nameOf(parseReference('a.example/castnet:1'), '1-arm64')).toBe(
    'a.example/castnet:1-arm64',
  );
});

test.each([
  ['localhost:5000/castnet:1', true],
  ['127.8.9.1/castnet:1', true],
  ['[::1]:5000/castnet:1', true],
  ['127.example.com/castnet:1', false],
  ['10.0.0.1:5000/castnet:1', false],
])('%s is on this machine: %s', (text, expected) => {
  expect(isLoopback(parseReference(text))).toBe(expected);
});
