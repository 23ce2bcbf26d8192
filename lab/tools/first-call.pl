# The first thing that a container does: one call by TCP and one by UDP, each with little patience.
#
#   perl first-call.pl ADDRESS PORT [MILLISECONDS]
#
# Without a module, so that perl is through its own start within some milliseconds. Prints
# "tcp=WORD udp=WORD", where WORD is ok, or why the call failed: no-rules, when the container's kernel
# has looked for the service's address itself on the network, and silent, when it was turned to a task
# and nothing came back.
use strict;
use warnings;

my ($address, $port, $patience) = (@ARGV, 250);
# struct sockaddr_in; AF_INET is 2, SOCK_STREAM 1, SOCK_DGRAM 2 (Linux, x86_64 and arm64).
my $to = pack 'S n C4 x8', 2, $port, split /\./, $address;

sub ready {
  my ($socket, $for_writing) = @_;
  my $bits = '';
  vec($bits, fileno($socket), 1) = 1;
  my $none = undef;
  return select($for_writing ? $none : $bits, $for_writing ? $bits : $none, undef, $patience / 1000);
}

sub silence {
  open(my $table, '<', '/proc/net/arp') or return 'silent';
  return (grep { /^\Q$address\E\s/ } <$table>) ? 'no-rules' : 'silent';
}

sub word { my $text = lc "$!"; $text =~ s/\W+/-/g; return $text }

sub tcp {
  socket(my $socket, 2, 1, 0) or return word();
  # F_SETFL, O_NONBLOCK
  fcntl($socket, 4, 2048);
  # 115: EINPROGRESS
  connect($socket, $to) or $!+0 == 115 or return word();
  ready($socket, 1) or return silence();
  # SOL_SOCKET, SO_ERROR
  $! = unpack 'i', getsockopt($socket, 1, 4);
  return word() if $!;
  syswrite($socket, "hello\n") or return word();
  ready($socket, 0) or return 'no-answer';
  return sysread($socket, my $answer, 200) ? 'ok' : word();
}

sub udp {
  socket(my $socket, 2, 2, 0) or return word();
  connect($socket, $to) or return word();
  syswrite($socket, "hello\n") or return word();
  ready($socket, 0) or return silence();
  return sysread($socket, my $answer, 200) ? 'ok' : word();
}

my $tcp = tcp();
print "tcp=$tcp udp=", udp(), "\n";
