import * as z from 'zod';
import { isGroup } from '../net/group.ts';

/**
 * What the schemas of this room are made of. They tell three readers one thing: the compiler, by the
 * types inferred from them; an agent or a command, which may hear another release; and people's
 * programs, by docs/json-schema.json. So each object passes fields that it does not know. Of a thousand
 * hosts' answers each text is checked: a refinement or a union costs several times a built-in check.
 */

/** Fields that are not listed pass as they are, since later releases add some. */
export const object = z.looseObject;

const LONGEST = 1024;

/** One line of another host's, for people: what a terminal takes for an order is no part of it. */
export const oneLine = (it: string): string => it.replace(/\p{Cc}+/gu, ' ');

/** What people are shown: nothing that a terminal takes for an order. */
export const text = z
  .string()
  .max(LONGEST)
  .regex(/^\P{Cc}*$/u, 'has control characters');

export const count = z.number().int().nonnegative();
export const bytes = count.describe('Bytes');
export const time = z.number().describe('Milliseconds since 1970');
/** Nothing but what addresses are written with: they become part of commands that people are shown. */
export const address = z
  .string()
  .max(64)
  .regex(/^[\da-fA-F.:]*$/, 'is no IP address')
  .describe('IP address');
export const cidr = z
  .string()
  .max(64)
  .regex(/^[\da-fA-F.:/]*$/, 'is no IP address with prefix length')
  .describe('IP address with prefix length');
export const group = text
  .refine(isGroup, 'is not a multicast address')
  .describe('Multicast address');
export const version = z.literal(1);

/**
 * One of some words, to which later releases may add: a reader takes any, and its code treats one
 * that it does not know as its default.
 */
export function word<const T extends string>(known: readonly T[]): z.ZodType<T> {
  return text.meta({ anyOf: [{ enum: known }, { type: 'string' }] }) as unknown as z.ZodType<T>;
}

/** The first thing that a schema has against a value, and where: `networks.0.vni: …`. */
export function firstFault({ issues: [issue] }: z.ZodError): string {
  const where = issue?.path.map(String).join('.') || 'the whole of it';
  return `${where}: ${issue?.message ?? 'not as expected'}`;
}

/** What people are told of a host whose answer is of another form. */
export const unusable = (error: z.ZodError): string =>
  `its answer cannot be used (${firstFault(error)}): it may run another release`;

/** The type of what a schema describes: read only, and of the fields that this release knows. */
export type Told<S extends z.ZodType> = Known<z.output<S>>;

type Known<T> = T extends readonly (infer I)[]
  ? number extends T['length']
    ? readonly Known<I>[]
    : { readonly [K in keyof T]: Known<T[K]> }
  : T extends object
    ? [keyof Named<T>] extends [never]
      ? { readonly [K in keyof T]: Known<T[K]> }
      : { readonly [K in keyof Named<T>]: Known<T[K]> }
    : T;

/** What has a name of its own; a record has nothing but keys of any name. */
type Named<T> = { [K in keyof T as string extends K ? never : K]: T[K] };
