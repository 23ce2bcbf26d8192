import { expect, it } from 'vitest';
import { driverOf } from './speed.ts';

const CRYPTO = `name         : rfc4106(gcm(aes))
driver       : rfc4106(gcm_base(ctr(aes-generic),ghash-generic))
module       : gcm
priority     : 100
refcnt       : 1

name         : rfc4106(gcm(aes))
driver       : rfc4106-gcm-aesni
module       : aesni_intel
priority     : 400
refcnt       : 5

name         : __rfc4106(gcm(aes))
driver       : __rfc4106-gcm-aesni
module       : aesni_intel
priority     : 500
refcnt       : 1
`;

it('names the driver that the kernel prefers', () => {
  expect(driverOf('rfc4106(gcm(aes))', CRYPTO)).toBe('rfc4106-gcm-aesni');
  expect(driverOf('gcm(aes)', CRYPTO)).toBeUndefined();
});
