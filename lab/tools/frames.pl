# Sends raw Ethernet frames, which Node cannot: each line of the standard input is one, in hex. The
# kernel knows nothing of them, so they may say whatever a broken or hostile program would.
#   perl frames.pl INTERFACE [TIMES]
# Each is sent once, or so many times. Perl's base is on every Debian.
use strict;
use warnings;
use Errno;
use Socket;

use constant { AF_PACKET => 17, ETH_P_ALL => 3 };

my ($interface, $times) = @ARGV or die "usage: perl frames.pl INTERFACE [TIMES]\n";
open(my $file, '<', "/sys/class/net/$interface/ifindex") or die "$interface: $!\n";
chomp(my $index = <$file>);
socket(my $socket, AF_PACKET, SOCK_RAW, 0) or die "socket: $!\n";
# struct sockaddr_ll of packet(7); its address is not looked at when the frame holds one.
my $to = pack('S n l S C C a8', AF_PACKET, ETH_P_ALL, $index, 0, 0, 6, '');
my $sent = 0;
while (my $line = <STDIN>) {
  chomp $line;
  my $frame = pack('H*', $line);
  for (1 .. $times // 1) {
    # A kernel whose queues are full for a moment takes the frame a little later.
    for (my $tries = 0; !defined send($socket, $frame, 0, $to); $tries++) {
      die "frame $.: $!\n" if !$!{ENOBUFS} || $tries == 1000;
      select undef, undef, undef, 0.001;
    }
    $sent++;
  }
}
print "$sent\n";
