/** What another host says: bytes to messages to records to commands for this host's kernel. */
import fc, { type Arbitrary } from 'fast-check';
import { DesiredState } from '../../src/core/forwarding/desired-state.ts';
import { afterStep, differenceOf, explain } from '../../src/core/forwarding/difference.ts';
import type { Fact } from '../../src/core/forwarding/facts.ts';
import type { ForwardingInput } from '../../src/core/forwarding/forwarding.ts';
import { type Service, servicesOf } from '../../src/core/services/services.ts';
import { desiredFacts, difference } from '../../src/core/testing/oracle.ts';
import { commandsFor } from '../../src/kernel/commands.ts';
import { CredentialsError } from '../../src/peers/credentials.ts';
import { clientSchemas, type NetworkMessage, serverSchemas } from '../../src/peers/messages.ts';
import { plainKey } from '../../src/peers/pem.ts';
import { Replica } from '../../src/peers/replica.ts';
import { Decoder, encode } from '../../src/peers/wire.ts';
import { must, type Target } from '../fuzz.ts';
import { mutated } from '../inputs.ts';

const MAX_LINE = 4_096;
const id = (n: number): string => n.toString(16).padStart(64, '0');
const service = '"service":{"name":"web","vip":"10.0.0.9","serving":true}';
const record = `{"vni":8000001,"endpoints":[{"id":"${id(1)}","ip":"10.0.0.2","mac":"02:42:0a:00:00:02"},{"id":"${id(2)}","ip":"10.0.0.3","ip6":"fd00::3","mac":"02:42:0a:00:00:03",${service}}],"groups":[{"group":"239.1.1.1","mode":"exclude","sources":[]},{"group":"ff05::1","mode":"include","sources":["fd00::9"]}]}`;

const SERVER = [
  '{"type":"hello","version":1,"node":"abc","tunnel":"10.9.0.2"}\n',
  `{"type":"snapshot","network":"net1","epoch":"e","seq":1,"record":${record}}\n{"type":"delta","network":"net1","epoch":"e","seq":2,"set":{"endpoints":[{"id":"${id(3)}","ip":"10.0.0.4","mac":"02:42:0a:00:00:04"}],"groups":[{"group":"232.1.1.1","mode":"include","sources":["10.0.0.9"]}]},"remove":{"endpoints":["${id(1)}"],"groups":["239.1.1.1"]}}\n`,
  '{"type":"gone","network":"net1","epoch":"e","seq":4}\n{"type":"tunnel","tunnel":"fd00::5"}\n',
  '{"type":"pong","n":1}\n{"type":"answer","id":1,"data":{"a":[1]}}\n{"type":"refused","reason":"no"}\n',
];
const CLIENT = [
  '{"type":"hello","version":1,"node":"abc"}\n{"type":"want","networks":["net1","net2"]}\n',
  '{"type":"resync","network":"net1"}\n{"type":"ping","n":1}\n',
  '{"type":"hello","version":1,"node":"abc","confirms":true}\n',
  '{"type":"in-force","at":[{"network":"net1","epoch":"e","seq":3}]}\n',
  '{"type":"ask","id":1,"what":"report","args":{"milliseconds":1000}}\n{"type":"later","x":1}\n',
];

type Decoded = ReturnType<Decoder<typeof clientSchemas & typeof serverSchemas>['push']>;

/** Bytes as they come over a connection. */
interface Stream {
  readonly bytes: Buffer;
  /** The sizes of the pieces in which they come, over and over. */
  readonly pieces: readonly number[];
}

/** Half of them are made of a text's letters one by one, and are no UTF-8. */
const streams = (corpus: readonly string[]): Arbitrary<Stream> =>
  fc.record({
    bytes: fc
      .tuple(mutated(corpus, ''), fc.constantFrom('latin1' as const, 'utf8' as const))
      .map(([text, encoding]) => Buffer.from(text, encoding)),
    pieces: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
  });

/** In one piece, and in pieces of any size: it must read the same. */
function decode(schemas: typeof clientSchemas & typeof serverSchemas, { bytes, pieces }: Stream) {
  const whole = new Decoder(schemas, { maxLine: MAX_LINE });
  const found = whole.push(bytes);
  const parts = new Decoder(schemas, { maxLine: MAX_LINE });
  const again: Decoded = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const end = at + (pieces[turn % pieces.length] ?? 1);
    again.push(...parts.push(bytes.subarray(at, end)));
    at = end;
  }
  must(JSON.stringify(found) === JSON.stringify(again), 'pieces are read otherwise than the whole');
  const fault = found.findIndex((it) => it.kind === 'fault');
  must(fault < 0 || fault === found.length - 1, 'something came after a fault');
  must(
    fault < 0 || whole.push(Buffer.from(CLIENT[0] as string)).length === 0,
    'read on after a fault',
  );
  for (const it of found) {
    if (it.kind !== 'message') continue;
    const [once] = new Decoder(schemas, { maxLine: 1 << 20 }).push(Buffer.from(encode(it.message)));
    must(
      JSON.stringify(once) === JSON.stringify(it),
      'what was read is not read again when sent on',
    );
  }
  return found;
}

const schemas = { ...clientSchemas, ...serverSchemas };
const words = (found: Decoded): string =>
  found
    .map((it) =>
      it.kind === 'message' ? it.message.type : it.kind === 'fault' ? reason(it.fault) : '?',
    )
    .join();
const reason = ({ code, reason }: { code: string; reason: string }): string =>
  code === 'malformed' ? reason.replaceAll(/\d+/g, 'N').slice(0, 80) : code;

const fromClients: Target<Stream> = {
  name: 'wire from subscribers',
  inputs: streams(CLIENT),
  take: (input) => words(decode({ ...schemas, hello: clientSchemas.hello } as never, input)),
};

const LOCAL: Omit<ForwardingInput, 'peers'> = {
  tunnel: { address: '10.9.0.1', port: 4789, mtu: 1450 },
  networks: [{ id: 'net1', vni: 8_000_001, options: {} }],
  endpoints: [],
};

/** A line for iproute2 that says nothing but what castnet means. */
const FINE_LINE = /^[a-z]+( [0-9a-zA-Z_.:/-]+)+$/;

const fromPublishers: Target<Stream> = {
  name: 'wire from publishers, to the kernel',
  inputs: streams(SERVER),
  take(input) {
    const found = decode(schemas as never, input);
    const replica = new Replica();
    replica.setWanted(new Set(['net1']));
    const desired = new DesiredState();
    const kernel = new Map<string, Fact>();
    const heard = () => ({
      ...LOCAL,
      peers: [{ tunnel: '10.9.0.2', networks: new Map(replica.networks) }],
    });
    let services: readonly Service[] = [];
    for (const it of found) {
      if (it.kind !== 'message' || !('network' in it.message)) continue;
      replica.hear(it.message as NetworkMessage);
      const known = [...replica.networks.values()];
      services = servicesOf(known, services);
      desired.update(heard());
      const touched = desired.takeTouched();
      for (const step of differenceOf(touched, (key, was) => desired.get(key, was), kernel))
        afterStep(kernel, step);
    }
    const facts = desiredFacts(heard());
    if (kernel.size > 0) {
      const [wrong] = difference(facts, kernel.values());
      must(wrong === undefined, `what was computed bit by bit needs ${wrong && explain(wrong)}`);
    }
    const steps = [...difference(facts, []), ...difference([], facts)];
    for (const { line } of steps.flatMap(commandsFor)) {
      must(FINE_LINE.test(line), `a peer made the line ${JSON.stringify(line)}`);
    }
    return `${words(found)} ${[...new Set(facts.map((it) => it.kind))].join()}`;
  },
};

const KEY = [
  '-----BEGIN EC PRIVATE KEY-----',
  'kek-version: 0',
  'raft-dek: AAEC',
  '',
  'MHcCAQ==',
  '-----END EC PRIVATE KEY-----',
  '',
];
const LOCKED = [
  '-----BEGIN ENCRYPTED PRIVATE KEY-----',
  'kek-version: 735',
  '',
  'MIHeMEkG',
  '-----END ENCRYPTED PRIVATE KEY-----',
  '',
];

const keys: Target<string> = {
  name: 'the node’s key file',
  inputs: mutated([KEY.join('\n'), KEY.join('\r\n'), LOCKED.join('\n')]),
  take(input) {
    try {
      return `${plainKey(input, 'file').split('\n').length > 3}`;
    } catch (error) {
      if (!(error instanceof CredentialsError)) throw error;
      return error.code;
    }
  },
};

export const peerTargets: readonly Target[] = [fromClients, fromPublishers, keys];
