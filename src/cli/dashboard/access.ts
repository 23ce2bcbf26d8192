import { randomBytes, timingSafeEqual } from 'node:crypto';
import { BlockList } from 'node:net';
import type { MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

export const isLoopback = (address: string): boolean =>
  LOOPBACK.check(address, address.includes(':') ? 'ipv6' : 'ipv4');

export const newToken = (): string => randomBytes(18).toString('base64url');

const COOKIE = 'castnet';

/** Who is let in. */
export interface Access {
  readonly token: string;
  /** The page listens on loopback alone: who may look needs no token. */
  readonly local: boolean;
}

/**
 * Who may see the page, and who may act. On loopback everybody on the host may look, but no page of
 * another site: one whose name was made to lead to 127.0.0.1 has a Host header of its own, one that
 * posts here an Origin. Whoever wants more, as a probe, or looks from elsewhere, needs the token: once
 * in the address, then as a cookie.
 */
export function guard({ token, local }: Access): MiddlewareHandler {
  return async (context, next) => {
    const host = context.req.header('host') ?? '';
    const origin = context.req.header('origin');
    if (origin !== undefined && origin !== `http://${host}`) {
      return context.text('This page is of another site.\n', 403);
    }
    if (local && !isLocalName(host)) {
      return context.text('This address is not the one that the dashboard listens at.\n', 403);
    }
    const given = context.req.query('token');
    if (given !== undefined && same(given, token)) {
      setCookie(context, COOKIE, token, { httpOnly: true, sameSite: 'Strict', path: '/' });
      return context.redirect('/');
    }
    const onlyLooks = context.req.method === 'GET' || context.req.method === 'HEAD';
    if (local && onlyLooks) return next();
    const bearer = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '')?.[1];
    if (same(getCookie(context, COOKIE) ?? bearer ?? '', token)) return next();
    const error = 'A token is needed: open the address that castnet dashboard printed.';
    return onlyLooks ? context.text(`${error}\n`, 401) : context.json({ error }, 401);
  };
}

function isLocalName(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || (/^[\d.]+$|:/.test(name) && isLoopback(name));
}

function same(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
