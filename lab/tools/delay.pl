# A link that takes its time, for kernels without netem: hands every frame of one interface to the
# other after a delay, in both directions and in order.
#   perl delay.pl INTERFACE INTERFACE MILLISECONDS
# It says "ready" when it forwards, and ends with its standard input. The virtio header that the
# kernel puts before each frame (PACKET_VNET_HDR) keeps what is left to be segmented and summed.
use strict;
use warnings;
use Socket;
use Time::HiRes qw(time);

use constant { AF_PACKET => 17, ETH_P_ALL => 3, SOL_PACKET => 263, SOL_SOCKET => 1 };
use constant { PACKET_VNET_HDR => 15, PACKET_IGNORE_OUTGOING => 23, SO_RCVBUFFORCE => 33 };

my ($one, $other, $milliseconds) = @ARGV;
die "usage: perl delay.pl INTERFACE INTERFACE MILLISECONDS\n" unless defined $milliseconds;

sub open_at {
  my ($interface) = @_;
  # /sys shows the devices of another namespace; ip asks the kernel.
  my ($index) = `ip -o link show dev $interface` =~ /^(\d+):/;
  defined $index or die "no interface $interface\n";
  # Without a protocol it hears nothing before it is bound: else frames of other interfaces, which
  # arrive anyway, would be handed on as well and come twice.
  socket(my $socket, AF_PACKET, SOCK_RAW, 0) or die "socket: $!\n";
  setsockopt($socket, SOL_PACKET, PACKET_VNET_HDR, pack('i', 1)) or die "vnet header: $!\n";
  setsockopt($socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, pack('i', 1)) or die "outgoing: $!\n";
  setsockopt($socket, SOL_SOCKET, SO_RCVBUFFORCE, pack('i', 16 << 20)) or die "buffer: $!\n";
  # struct sockaddr_ll of packet(7).
  my $address = pack('S n l S C C a8', AF_PACKET, ETH_P_ALL, $index, 0, 0, 0, '');
  bind($socket, $address) or die "bind to $interface: $!\n";
  return $socket;
}

my @sockets = (open_at($one), open_at($other));
my @waiting;
$| = 1;
print "ready\n";
for (;;) {
  my $bits = '';
  vec($bits, fileno($_), 1) = 1 for @sockets, \*STDIN;
  my $wait = @waiting ? $waiting[0][0] - time : 1;
  select(my $readable = $bits, undef, undef, $wait > 0 ? $wait : 0);
  exit 0 if vec($readable, fileno(STDIN), 1) && !sysread(STDIN, my $byte, 1);
  for my $from (0, 1) {
    next unless vec($readable, fileno($sockets[$from]), 1);
    defined recv($sockets[$from], my $frame, 70_000, MSG_DONTWAIT) or next;
    push @waiting, [time + $milliseconds / 1000, 1 - $from, $frame];
  }
  while (@waiting && $waiting[0][0] <= time) {
    my (undef, $to, $frame) = @{ shift @waiting };
    # What the link does not take is lost, as on any link.
    send($sockets[$to], $frame, 0);
  }
}
