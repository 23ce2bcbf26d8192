# Calls to a service by a container that is in a hurry. Without a module, so that perl is through its own
# start within some milliseconds.
#
#   perl call.pl first ADDRESS PORT [MILLISECONDS] [await]
#
# One call by TCP and one by UDP, each with little patience: the first thing that a container does. With
# "await" it says "waits" and calls once the container has an interface on the address's network. Prints
# "tcp=WORD udp=WORD at=TIME from=ADDRESS took=MS,MS", where WORD is ok, or why the call failed: no-rules, when the
# container's kernel has looked for the service's address itself on the network, and silent-TASK, when it
# was turned to a task and nothing came back. TIME is that of the first call, milliseconds since 1970.
#
#   perl call.pl later NAME PORT
#
# Calls a service that is still to come, as soon as Docker's DNS answers its name. Says "waits", and at the
# end "dns=TIME vip=TIME address=ADDRESS refused=NUMBER": when the name was answered first and when a
# connection first brought an answer, and how many did not before.
use strict;
use warnings;

my ($mode, $to, $port, $patience, $await) = @ARGV;
$patience //= 250;
$| = 1;

# clock_gettime of CLOCK_REALTIME; milliseconds.
sub now {
  my $time = pack 'q q', 0, 0;
  syscall(228, 0, $time);
  my ($seconds, $nanoseconds) = unpack 'q q', $time;
  return $seconds * 1000 + $nanoseconds / 1e6;
}

sub ready {
  my ($socket, $milliseconds, $for_writing) = @_;
  my $bits = '';
  vec($bits, fileno($socket), 1) = 1;
  my $none = undef;
  return select($for_writing ? $none : $bits, $for_writing ? $bits : $none, undef, $milliseconds / 1000);
}

sub pause { select undef, undef, undef, $_[0] / 1000 }

# struct sockaddr_in; AF_INET is 2, SOCK_STREAM 1, SOCK_DGRAM 2 (Linux, x86_64 and arm64).
sub address_of { return pack 'S n C4 x8', 2, $_[1], split /\./, $_[0] }

sub lines_of { open(my $file, '<', shift) or return (); return <$file> }

sub word { my $text = lc "$!"; $text =~ s/\W+/-/g; return $text }

my $from = '';

# @param 2 milliseconds to connect, @param 3 to answer. @returns ok, silent, or why it failed
sub tcp {
  my ($address, $connect_ms, $answer_ms) = @_;
  socket(my $socket, 2, 1, 0) or return word();
  # F_SETFL, O_NONBLOCK
  fcntl($socket, 4, 2048);
  # 115: EINPROGRESS
  connect($socket, address_of($address, $port)) or $!+0 == 115 or return word();
  $from = join '.', unpack 'x4 C4', getsockname($socket);
  ready($socket, $connect_ms, 1) or return 'silent';
  # SOL_SOCKET, SO_ERROR
  $! = unpack 'i', getsockopt($socket, 1, 4);
  return word() if $!;
  syswrite($socket, "hello\n") or return word();
  ready($socket, $answer_ms) or return 'no-answer';
  return sysread($socket, my $answer, 200) ? 'ok' : word();
}

sub udp {
  socket(my $socket, 2, 2, 0) or return word();
  connect($socket, address_of($to, $port)) or return word();
  syswrite($socket, "hello\n") or return word();
  ready($socket, $patience) or return 'silent';
  return sysread($socket, my $answer, 200) ? 'ok' : word();
}

# What became of a call: why it was silent, if it was.
sub explained {
  my ($protocol, $word) = @_;
  return $word unless $word eq 'silent';
  return 'no-rules' if grep { /^\Q$to\E\s/ } lines_of('/proc/net/arp');
  for (lines_of('/proc/net/nf_conntrack')) {
    return "silent-$1" if /\s$protocol\s.* dst=\Q$to\E .*? src=(\S+)/;
  }
  return $word;
}

# Whether the kernel has a route to the address that is not the default one.
sub has_way {
  my $wanted = unpack 'L', pack 'C4', split /\./, $to;
  for (lines_of('/proc/net/route')) {
    my ($net, $mask) = (split /\t/)[1, 7];
    next unless $net =~ /^[0-9A-F]{8}$/ && $mask ne '00000000';
    return 1 if ($wanted & hex $mask) == hex $net;
  }
  return 0;
}

sub first {
  if ($await) {
    print "waits\n";
    pause(0.5) until has_way();
  }
  my $at = int now();
  my $tcp = explained('tcp', tcp($to, $patience, $patience));
  my $between = int now();
  my $udp = explained('udp', udp());
  my ($tcp_ms, $udp_ms) = ($between - $at, int(now()) - $between);
  print "tcp=$tcp udp=$udp at=$at from=$from took=$tcp_ms,$udp_ms\n";
}

# One question (RFC 1035); Docker's DNS answers what it knows within a millisecond.
my $number = 0;

sub resolve {
  my $dns = shift;
  my $id = ++$number & 0xffff;
  my $labels = join '', map { pack 'C/a*', $_ } split /\./, $to;
  send($dns, pack('n n n n n n a* x n n', $id, 0x0100, 1, 0, 0, 0, $labels, 1, 1), 0) or return '';
  while (ready($dns, 50)) {
    sysread($dns, my $answer, 512) or return '';
    my ($its, undef, undef, $answers) = unpack 'n n n n', $answer;
    next unless $its == $id;
    return $answers ? join '.', unpack 'C4', substr $answer, -4 : '';
  }
  return '';
}

sub later {
  socket(my $dns, 2, 2, 0) or die $!;
  connect $dns, address_of('127.0.0.11', 53) or die $!;
  print "waits\n";
  my $address;
  pause(1) until $address = resolve($dns);
  my ($known, $refused) = (now(), 0);
  for (; tcp($address, 100, 1000) ne 'ok'; $refused++) { pause(1) }
  printf "dns=%d vip=%d address=%s refused=%d\n", $known, now(), $address, $refused;
}

$mode eq 'first' ? first() : later();
