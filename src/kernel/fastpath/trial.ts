import { type EntryFact, entryOf } from '../../core/fastpath/entries.ts';
import { macOfIpv4 } from '../../net/mac.ts';
import { run } from '../../system/run.ts';
import { attachLine, hookLine, updateLine } from './lines.ts';

/** What a trial found. */
export interface TrialResult {
  /** Why the fast path is not for this kernel; empty when it is. */
  readonly problem: string;
  /** Why it is not for IPv6; empty when it is. */
  readonly ipv6: string;
  /** Why it is not for groups; empty when it is. */
  readonly groups: string;
}

export const WELL: TrialResult = { problem: '', ipv6: '', groups: '' };

/** It takes half a second on a machine that is idle. */
const TRIAL_MS = 30_000;

/** Indexes of the devices, the same in the namespaces of both hosts. */
const CARD = 11;
const OUTSIDE = 12;
const INSIDE = 13;
const PORT = 14;
/** A second container of the receiving host's, which is another interface of the first: a group has both. */
const PORT2 = 15;
const SECOND = '198.51.100.3';
const GROUP = '233.252.0.1';
const VNI = 77;
/** Of documentation (RFC 5737, RFC 3849, RFC 6676): the namespaces lead nowhere. */
const SIDES = [
  { name: 'a', host: '192.0.2.1', ip: '198.51.100.1', ip6: '2001:db8::1' },
  { name: 'b', host: '192.0.2.2', ip: '198.51.100.2', ip6: '2001:db8::2' },
] as const;
const BPF = '/run/netns/bpf';

type Side = (typeof SIDES)[number];

/**
 * Two hosts as castnet makes them, with nothing but the fast path between their containers: what does not
 * take it is lost, and so the trial fails. TCP's packets are of several segments and have no checksum
 * yet when they leave, as a container's are.
 * @param object the compiled programs
 */
export async function tryFastPath(object: string): Promise<TrialResult> {
  const [a, b] = SIDES;
  const plan = {
    object,
    bpf: BPF,
    links: SIDES.flatMap(linkLines),
    tc: SIDES.flatMap((it) => tcLines(it)),
    maps: SIDES.flatMap((it) => entryLines(it, it === a ? b : a)),
    namespaces: SIDES.flatMap(({ name }) => ['w', 'n', 'c'].map((it) => it + name)),
    from: 'ca',
    to: 'cb',
    ip: b.ip,
    ip6: b.ip6,
    own: a.ip,
    group: GROUP,
    members: [b.ip, SECOND],
    client: CLIENT,
    server: SERVER,
  };
  // What is mounted for the trial and started by it ends with it, also when it is killed.
  const own = ['--mount', '--propagation', 'private', '--net', '--pid', '--kill-child'];
  const aside = ['unshare', ...own];
  const { status, late, stdout, stderr } = await run(
    [...aside, process.execPath, '--eval', LEAD],
    JSON.stringify(plan),
    { timeoutMs: TRIAL_MS },
  );
  const words = stderr
    .trim()
    .split('\n')
    .filter((it) => it !== '');
  if (status !== 0) {
    const problem = late ? `no end after ${TRIAL_MS} ms` : (words[0] ?? `status ${status}`);
    return { ...WELL, problem };
  }
  const { tcp, udp, tcp6, groups } = JSON.parse(stdout) as Record<string, string>;
  const found = [tcp === '' ? '' : `TCP: ${tcp}`, udp === '' ? '' : `UDP: ${udp}`];
  return {
    problem: found.filter((it) => it !== '').join('; '),
    ipv6: tcp6 ?? '',
    groups: groups ?? '',
  };
}

function linkLines({ name, host, ip, ip6 }: Side): [string, string][] {
  const other = name === 'a' ? SIDES[1] : SIDES[0];
  const [w, n, c] = [`w${name}`, `n${name}`, `c${name}`];
  const cable =
    name === 'a'
      ? [`link add dev nic index ${CARD} type veth peer name nic index ${CARD} netns wb`]
      : [];
  const second: [string, string][] =
    name === 'a'
      ? []
      : [
          [n, `link add dev cv2 index ${PORT2} type veth peer name eth1 netns ${c}`],
          [c, `address add ${SECOND}/32 dev eth1`],
          [n, 'link set dev cv2 up'],
          [c, 'link set dev eth1 up'],
        ];
  return [
    ...cable.map((it): [string, string] => [w, it]),
    [w, `link add dev cfh index ${OUTSIDE} type veth peer name cfp index ${INSIDE} netns ${n}`],
    [
      n,
      `link add dev cv index ${PORT} type veth peer name eth0 address ${macOfIpv4(ip)} netns ${c}`,
    ],
    [w, `address add ${host}/24 dev nic`],
    [c, `address add ${ip}/24 dev eth0`],
    [c, `address add ${ip6}/64 dev eth0 nodad`],
    [w, 'link set dev nic up'],
    [w, 'link set dev cfh up'],
    [n, 'link set dev cfp up'],
    [n, 'link set dev cv up'],
    [c, 'link set dev eth0 up'],
    [c, 'link set dev eth0 mtu 1450'],
    [c, `neigh replace ${other.ip} lladdr ${macOfIpv4(other.ip)} dev eth0 nud permanent`],
    [c, `neigh replace ${other.ip6} lladdr ${macOfIpv4(other.ip)} dev eth0 nud permanent`],
    ...second,
  ];
}

function tcLines({ name }: Side): [string, string][] {
  const filters = [
    { at: 'castnet', ns: `n${name}`, dev: 'cv', program: 'from_container' },
    { at: 'castnet', ns: `n${name}`, dev: 'cfp', program: 'to_container' },
    { at: 'host', ns: `w${name}`, dev: 'cfh', program: 'to_wire' },
    { at: 'host', ns: `w${name}`, dev: 'nic', program: 'from_wire' },
  ] as const;
  return filters.flatMap(({ ns, ...it }): [string, string][] => [
    [ns, hookLine(it)],
    [ns, attachLine(`${BPF}/${name}`, { kind: 'filter', ...it })],
  ]);
}

function entryLines({ name, host, ip, ip6 }: Side, other: Side): string[] {
  const mac = macOfIpv4(ip);
  const facts: EntryFact[] = [
    { kind: 'self', address: host, port: 4789, ipv6: true, inside: INSIDE, outside: OUTSIDE },
    { kind: 'way', host: other.host, hop: other.host, card: CARD },
    { kind: 'port', port: PORT, vni: VNI, mac, ip, ip6 },
    { kind: 'here', vni: VNI, mac, port: PORT },
    { kind: 'there', vni: VNI, mac: macOfIpv4(other.ip), host: other.host },
    name === 'a'
      ? { kind: 'group', vni: VNI, group: GROUP, ports: [], hosts: [other.host] }
      : { kind: 'group', vni: VNI, group: GROUP, ports: [PORT, PORT2], hosts: [] },
  ];
  return facts.map((it) => updateLine(`${BPF}/${name}/maps`, entryOf(it)));
}

/** Node has no time to lose here: plain CommonJS, as `--eval` takes it. */
const LEAD = `
const { execFileSync, spawn } = require('node:child_process');
const { mkdirSync, readFileSync } = require('node:fs');
const plan = JSON.parse(readFileSync(0, 'utf8'));
const tool = (argv, input = '') => execFileSync(argv[0], argv.slice(1), { input, stdio: ['pipe', 'pipe', 'inherit'] });
const inside = (ns, ...argv) => ['nsenter', '--net=/run/netns/' + ns, ...argv];
mkdirSync('/run/netns', { recursive: true });
tool(['mount', '-t', 'tmpfs', 'castnet', '/run/netns']);
mkdirSync(plan.bpf);
tool(['mount', '-t', 'bpf', 'bpf', plan.bpf]);
for (const it of plan.namespaces) tool(['ip', 'netns', 'add', it]);
const byNamespace = (lines) => Map.groupBy(lines, ([ns]) => ns);
for (const [ns, lines] of byNamespace(plan.links))
  tool(['ip', '-n', ns, '-batch', '-'], lines.map(([, it]) => it).join('\\n') + '\\n');
for (const it of ['a', 'b'])
  tool(['bpftool', 'prog', 'loadall', plan.object, plan.bpf + '/' + it, 'pinmaps', plan.bpf + '/' + it + '/maps']);
for (const [ns, lines] of byNamespace(plan.tc))
  tool(inside(ns, 'tc', '-batch', '-'), lines.map(([, it]) => it).join('\\n') + '\\n');
tool(['bpftool', 'batch', 'file', '-'], plan.maps.join('\\n') + '\\n');
const server = spawn('nsenter', ['--net=/run/netns/' + plan.to, process.execPath, '--eval', plan.server, JSON.stringify([plan.group, plan.members])], { stdio: ['ignore', 'pipe', 'inherit'] });
server.stdout.once('data', () => {
  const client = spawn('nsenter', ['--net=/run/netns/' + plan.from, process.execPath, '--eval', plan.client, JSON.stringify([plan.group, plan.own]), plan.ip, plan.ip6], { stdio: ['ignore', 'inherit', 'inherit'] });
  client.on('exit', (code) => { server.kill(); process.exitCode = code ?? 1; });
});
`;

const SERVER = `
const net = require('node:net');
const { createHash } = require('node:crypto');
const { writeFileSync } = require('node:fs');
const [group, members] = JSON.parse(process.argv.at(-1));
const udp = require('node:dgram').createSocket('udp4');
// Its answer to what came by the second interface would leave by the first.
for (const it of ['all', 'eth1'])
  try { writeFileSync('/proc/sys/net/ipv4/conf/' + it + '/rp_filter', '0'); } catch {}
net.createServer({ allowHalfOpen: true }, (socket) => {
  const hash = createHash('sha1');
  socket.on('data', (it) => hash.update(it)).on('end', () => socket.end(hash.digest()));
}).listen(4000, '::', () => udp.bind(4000, () => {
  for (const it of members) udp.addMembership(group, it);
  process.stdout.write('ready');
}));
udp.on('message', (it, from) => udp.send(it, from.port, from.address));
`;

const CLIENT = `
const net = require('node:net');
const { createHash, randomBytes } = require('node:crypto');
const [ip, ip6] = process.argv.slice(-2);
const [group, own] = JSON.parse(process.argv.at(-3));
const AFTER = 8000;
const bytes = randomBytes(4e6);
const want = createHash('sha1').update(bytes).digest('hex');
const tcp = (host) => new Promise((resolve) => {
  const got = [];
  const socket = net.connect({ host, port: 4000 });
  socket.setTimeout(AFTER, () => { resolve('no answer'); socket.destroy(); });
  socket.on('error', (error) => resolve(error.message));
  socket.on('data', (it) => got.push(it));
  socket.on('close', () => resolve(Buffer.concat(got).toString('hex') === want ? '' : 'other bytes arrived'));
  socket.end(bytes);
});
const udp = () => new Promise((resolve) => {
  const sizes = new Set([1, 64, 1000, 1422, 9000]);
  const socket = require('node:dgram').createSocket('udp4');
  const timer = setTimeout(() => { resolve('lost those of ' + [...sizes].join(', ') + ' bytes'); socket.close(); }, AFTER);
  socket.on('message', (it) => {
    if (!it.equals(bytes.subarray(0, it.length))) return;
    sizes.delete(it.length);
    if (sizes.size === 0) { clearTimeout(timer); socket.close(); resolve(''); }
  });
  for (const it of sizes) socket.send(bytes.subarray(0, it), 4000, ip);
});
const groups = () => new Promise((resolve) => {
  // Of each size one comes back by each of two members. Their fragments would meet in one namespace.
  const left = new Map([1, 64, 1000, 1422].map((it) => [it, 2]));
  const socket = require('node:dgram').createSocket('udp4');
  const end = (words) => { clearTimeout(timer); clearTimeout(late); resolve(words); socket.close(); };
  const lost = () => end('lost those of ' + [...left].flatMap(([it, n]) => (n > 0 ? [it] : [])).join(', ') + ' bytes');
  const timer = setTimeout(lost, AFTER);
  let late;
  socket.on('message', (it) => {
    if (!it.equals(bytes.subarray(0, it.length))) return;
    left.set(it.length, left.get(it.length) - 1);
    if ([...left.values()].some((n) => n < 0)) end('doubled those of ' + it.length + ' bytes');
    else if ([...left.values()].every((n) => n === 0)) late = setTimeout(end, 20, '');
  });
  socket.bind(0, () => {
    socket.setMulticastInterface(own);
    for (const it of left.keys()) socket.send(bytes.subarray(0, it), 4000, group);
  });
});
Promise.all([tcp(ip), udp(), tcp(ip6), groups()]).then(([tcp, udp, tcp6, groups]) => console.log(JSON.stringify({ tcp, udp, tcp6, groups })));
`;
