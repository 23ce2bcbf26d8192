import { expect, test } from 'vitest';
import { addressAndPort } from './listen-address.ts';

test.each([
  ['127.0.0.1:9790', { host: '127.0.0.1', port: 9790 }],
  ['0.0.0.0:1', { host: '0.0.0.0', port: 1 }],
  ['[::1]:65535', { host: '::1', port: 65_535 }],
])('%s is an address and a port', (text, found) => {
  expect(addressAndPort(text)).toEqual(found);
});

test.each([
  '',
  '9790',
  ':9790',
  'localhost:80',
  '1.2.3:80',
  '1.2.3.4:0',
  '1.2.3.4:65536',
  '::1:80',
  '[1.2.3.4]:80',
  '1.2.3.4',
])('"%s" is none', (text) => {
  expect(addressAndPort(text)).toBeUndefined();
});
