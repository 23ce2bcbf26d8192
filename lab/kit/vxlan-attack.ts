/** A container that speaks VXLAN to a host, and what the host's guard makes of it. */
import type { LabHost } from '../lab.ts';
import type { Container } from './stack.ts';

/** Sends twenty datagrams to the port of the tunnels. */
export async function sendVxlan(from: Container, address: string, payload: Buffer): Promise<void> {
  const program =
    '$s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => 4789, Proto => "udp") or die $!;' +
    '$s->send(pack("H*", $ARGV[1])) for 1 .. 20';
  const perl = ['perl', '-MIO::Socket::INET', '-e', program];
  await from.host.docker(['exec', from.id, ...perl, address, payload.toString('hex')]);
}

/** VXLAN packets that a host's guard dropped. */
export async function droppedVxlan(host: LabHost): Promise<number> {
  const { stdout } = await host.exec(['nft', 'list', 'counters', 'table', 'inet', 'castnet']);
  return [...stdout.matchAll(/packets (\d+)/g)].reduce((sum, it) => sum + Number(it[1]), 0);
}
