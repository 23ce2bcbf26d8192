# The first thing that a container does: one call by TCP and one by UDP, each with little patience.
#
#   perl first-call.pl ADDRESS PORT [MILLISECONDS] [await]
#
# With "await" it says "waits" and calls once the container has an interface on the address's network.
# Without a module, so that perl is through its own start within some milliseconds. Prints
# "tcp=WORD udp=WORD at=TIME from=ADDRESS took=MS,MS", where WORD is ok, or why the call failed: no-rules, when the
# container's kernel has looked for the service's address itself on the network, and silent-TASK, when it
# was turned to a task and nothing came back. TIME is that of the first call, milliseconds since 1970.
use strict;
use warnings;

my ($address, $port, $patience, $await) = @ARGV;
$patience //= 250;
# struct sockaddr_in; AF_INET is 2, SOCK_STREAM 1, SOCK_DGRAM 2 (Linux, x86_64 and arm64).
my $to = pack 'S n C4 x8', 2, $port, split /\./, $address;

sub ready {
  my ($socket, $for_writing) = @_;
  my $bits = '';
  vec($bits, fileno($socket), 1) = 1;
  my $none = undef;
  return select($for_writing ? $none : $bits, $for_writing ? $bits : $none, undef, $patience / 1000);
}

sub lines_of { open(my $file, '<', shift) or return (); return <$file> }

sub silence {
  my $protocol = shift;
  return 'no-rules' if grep { /^\Q$address\E\s/ } lines_of('/proc/net/arp');
  for (lines_of('/proc/net/nf_conntrack')) {
    return "silent-$1" if /\s$protocol\s.* dst=\Q$address\E .*? src=(\S+)/;
  }
  return 'silent';
}

# clock_gettime of CLOCK_REALTIME
sub now {
  my $time = pack 'q q', 0, 0;
  syscall(228, 0, $time);
  my ($seconds, $nanoseconds) = unpack 'q q', $time;
  return $seconds * 1000 + int($nanoseconds / 1e6);
}

my $from = '';

sub word { my $text = lc "$!"; $text =~ s/\W+/-/g; return $text }

sub tcp {
  socket(my $socket, 2, 1, 0) or return word();
  # F_SETFL, O_NONBLOCK
  fcntl($socket, 4, 2048);
  # 115: EINPROGRESS
  connect($socket, $to) or $!+0 == 115 or return word();
  $from = join '.', unpack 'x4 C4', getsockname($socket);
  ready($socket, 1) or return silence('tcp');
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
  ready($socket, 0) or return silence('udp');
  return sysread($socket, my $answer, 200) ? 'ok' : word();
}

# Whether the kernel has a route to the address that is not the default one.
sub has_way {
  my $wanted = unpack 'L', pack 'C4', split /\./, $address;
  for (lines_of('/proc/net/route')) {
    my ($to, $mask) = (split /\t/)[1, 7];
    next unless $to =~ /^[0-9A-F]{8}$/ && $mask ne '00000000';
    return 1 if ($wanted & hex $mask) == hex $to;
  }
  return 0;
}

if ($await) {
  $| = 1;
  print "waits\n";
  select undef, undef, undef, 0.0005 until has_way();
}
my $at = now();
my $tcp = tcp();
my $between = now();
my $udp = udp();
my ($tcp_ms, $udp_ms) = ($between - $at, now() - $between);
print "tcp=$tcp udp=$udp at=$at from=$from took=$tcp_ms,$udp_ms\n";
