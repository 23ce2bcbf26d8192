/** What iproute2 and nft print. Another release of them may print anything; a person too. */
import { ZodError } from 'zod';
import { explain } from '../../src/core/forwarding/difference.ts';
import type { Fact } from '../../src/core/forwarding/facts.ts';
import { groupsOf, isMembership, type Membership } from '../../src/core/membership/membership.ts';
import { admit } from '../../src/core/membership/policy.ts';
import { difference } from '../../src/core/testing/oracle.ts';
import { parseGoneLink } from '../../src/kernel/link-event.ts';
import { parseMdbEvent } from '../../src/kernel/mdb-event.ts';
import { flowsOf } from '../../src/kernel/meter.ts';
import { parsePairCounters } from '../../src/kernel/pair-counters.ts';
import {
  fdbFacts,
  linkFacts,
  mdbContents,
  neighbourFacts,
  parseLinks,
} from '../../src/kernel/parse.ts';
import { refusedOf } from '../../src/kernel/refused.ts';
import { checkRecord } from '../../src/peers/record-schema.ts';
import { must, type Target } from '../fuzz.ts';
import { mutated } from '../inputs.ts';

/** A parser that reads the whole or says in its own way that it cannot. */
function parser(
  name: string,
  read: (text: string) => unknown,
  corpus: readonly string[],
): Target<string> {
  return {
    name,
    inputs: mutated(corpus),
    take(input) {
      try {
        return shapeOf(read(input));
      } catch (error) {
        if (error instanceof SyntaxError) return 'not JSON';
        if (!(error instanceof ZodError)) throw error;
        const [issue] = error.issues;
        return `${issue?.code} at ${issue?.path.filter((it) => typeof it === 'string').join('.')}`;
      }
    },
  };
}

/** The kinds and fields that came of it; facts go through what is done with them. */
function shapeOf(found: unknown): string {
  const list = (Array.isArray(found) ? found : Object.values(found as object).flat()) as object[];
  const facts = list.filter((it): it is Fact => 'kind' in it);
  for (const step of difference([], facts)) explain(step);
  return [...new Set(list.map((it) => `${'kind' in it ? it.kind : ''} ${Object.keys(it).join()}`))]
    .sort()
    .join('; ');
}

const up = '"flags":["BROADCAST","MULTICAST","UP","LOWER_UP"]';
const LINKS = [
  `[{"ifname":"lo","mtu":65536},{"ifindex":2,"ifname":"cb8000001",${up},"mtu":1450,"address":"02:ca:00:00:00:01","linkinfo":{"info_kind":"bridge","info_data":{"mcast_snooping":1,"mcast_querier":1,"mcast_igmp_version":3,"mcast_mld_version":2,"mcast_query_response_intvl":1000}}}]`,
  `[{"ifname":"cx8000001",${up},"mtu":1450,"master":"cb8000001","linkinfo":{"info_kind":"vxlan","info_data":{"id":8000001,"local":"10.9.0.1","port":4789},"info_slave_kind":"bridge","info_slave_data":{"learning":false,"flood":false,"neigh_suppress":false,"proxy_arp_wifi":true,"multicast_router":0}}}]`,
  `[{"ifname":"cx8000002",${up},"mtu":1430,"master":"cb8000002","linkinfo":{"info_data":{"id":8000002,"local6":"fd00::1","port":4789}}}]`,
  `[{"ifname":"cv0123456789abc",${up},"mtu":1450,"master":"cb8000001","linkinfo":{"info_kind":"veth","info_slave_data":{"learning":false,"flood":false,"locked":true}}}]`,
  '',
];
const FDB = [
  '[{"mac":"02:42:0a:00:01:02","ifname":"cx8000001","dst":"10.9.0.2","flags":["self"],"state":"static"}]',
  '[{"mac":"00:00:00:00:00:00","ifname":"cx8000001","dst":"10.9.0.2","flags":["self"],"state":"permanent"},{"mac":"01:00:5e:00:00:16","ifname":"cx8000001","dst":"0.0.0.0","flags":["self"],"state":"permanent"}]',
  '[{"mac":"02:42:0a:00:01:03","ifname":"cv0123456789abc","flags":[],"master":"cb8000001","state":"static"}]',
  '[{"mac":"33:33:00:00:00:01","ifname":"lo","flags":["self"],"state":"permanent"}]',
];
const NEIGHBOURS = [
  '[{"dst":"10.0.1.2","dev":"cb8000001","lladdr":"02:42:0a:00:01:02","state":["PERMANENT"]}]',
  '[{"dst":"10.0.1.3","dev":"cb8000001","state":["FAILED"]},{"dst":"fd00::2","dev":"eth0","lladdr":"02:42:0a:00:01:02","state":["PERMANENT"]}]',
];
const MDB = [
  '[{"mdb":[{"index":2,"dev":"cb8000001","port":"cv0123456789abc","grp":"239.1.1.1","state":"temp","filter_mode":"exclude","source_list":[{"address":"10.0.0.9","timer":"0.00"}],"protocol":"kernel","timer":" 255.01","flags":[]}],"router":{}}]',
  '[{"mdb":[{"dev":"cb8000001","port":"cx8000001","grp":"ff05::1","src":"fd00::9","state":"permanent","flags":["added_by_star_ex"]},{"dev":"cb8000001","port":"cv1","grp":"232.0.0.1","src":"10.0.0.9","state":"temp","filter_mode":"include","flags":["blocked"]}],"router":{}}]',
  '[{"mdb":[],"router":{"cb8000001":[{"port":"cx8000001","type":"temp"}]}}]',
];
const PAIRS = [
  '{"nftables":[{"metainfo":{"version":"1.0.6"}},{"set":{"family":"ip","name":"passed","table":"castnet","type":["ipv4_addr","ipv4_addr"],"elem":[{"elem":{"val":{"concat":["10.0.1.2","10.0.1.5"]},"counter":{"packets":7,"bytes":368}}}]}}]}',
];
const REFUSED = [
  '{"nftables":[{"metainfo":{"version":"1.0.6"}},{"table":{"family":"bridge","name":"castnet","handle":3}},{"counter":{"family":"bridge","name":"refused-8000001","table":"castnet","packets":7,"bytes":700}},{"chain":{"family":"bridge","name":"guard"}}]}',
];
const FLOWS = [
  '{"nftables":[{"set":{"family":"bridge","name":"sent4","table":"castnet-meter","elem":[{"elem":{"val":{"concat":["cv0123456789abc","10.0.1.2","239.1.1.1"]},"expires":59,"counter":{"packets":7,"bytes":700}}}]}},{"set":{"name":"sent6"}}]}',
];
const EVENTS = [
  'dev cb8000001 port cv0123456789abc grp 239.1.1.1 temp filter_mode exclude proto kernel  259.99',
  'Deleted dev cb8000001 port cv0123456789abc grp 239.1.1.1 temp filter_mode include proto kernel',
  'dev cb8000001 port cv0123456789abc grp 232.1.1.1 src 10.0.0.9 temp filter_mode include proto kernel',
  'dev cb8000001 port cv0123456789abc grp ff05::1 src fd00::9 temp filter_mode include proto kernel blocked',
  'dev cb8000001 port cx8000001 grp ff02::fb permanent filter_mode exclude proto static',
  '[ROUTER]router dev cb8000001 port cx8000001 0.00 temp',
];

const GONE = [
  'Deleted 4: cv0123456789abc@NONE: <BROADCAST,MULTICAST> mtu 1500 ',
  'Deleted 4: cv0123456789abc@NONE: <BROADCAST,MULTICAST> mtu 1500 master cb8000001 ',
  '4: cv0123456789abc@cc0123456789abc: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master cb8000001 state forwarding priority 32 cost 2 ',
];

/** What containers join, as it is told to the other hosts: they must take it. */
const events: Target<string> = {
  name: 'membership events',
  inputs: mutated(EVENTS, '\n'),
  take(input) {
    const rows: Membership[] = input.split('\n').flatMap((line) => parseMdbEvent(line)?.row ?? []);
    const { rows: told } = admit(rows.filter(isMembership), {
      groups: ['224.0.0.0/4', 'ff00::/8'],
    });
    const groups = groupsOf(told);
    const checked = checkRecord({ vni: 8_000_001, endpoints: [], groups });
    must(checked.ok, checked.ok ? '' : `other hosts refuse the record: ${checked.reason}`);
    const first = rows[0];
    return `${rows.length} ${told.length} ${first === undefined ? '' : `${first.mode} ${'source' in first}`}`;
  },
};

const devices: Target<string> = {
  name: 'devices that go',
  inputs: mutated(GONE, '\n'),
  take(input) {
    const gone = input.split('\n').flatMap((line) => parseGoneLink(line) ?? []);
    must(!gone.some((it) => /[\s@:]/.test(it)), `no name of a device: ${gone.join(', ')}`);
    return String(gone.length);
  },
};

export const kernelTargets: readonly Target[] = [
  parser('links of ip', (text) => linkFacts(parseLinks(text)), LINKS),
  parser('fdb of bridge', fdbFacts, FDB),
  parser('neighbours of ip', neighbourFacts, NEIGHBOURS),
  parser('mdb of bridge', mdbContents, MDB),
  parser('pair counters of nft', parsePairCounters, PAIRS),
  parser('guard counters of nft', refusedOf, REFUSED),
  parser('flows of nft', flowsOf, FLOWS),
  events,
  devices,
];
