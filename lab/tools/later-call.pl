# Calls a service that is still to come, as soon as Docker's DNS answers its name.
#
#   perl later-call.pl NAME PORT
#
# Says "waits", and at the end "dns=TIME vip=TIME address=ADDRESS refused=NUMBER": when the name was
# answered first and when a connection first brought an answer, milliseconds since 1970, and how many
# did not before. Without a module, as first-call.pl.
use strict;
use warnings;

my ($name, $port) = @ARGV;
$| = 1;

# clock_gettime of CLOCK_REALTIME
sub now {
  my $time = pack 'q q', 0, 0;
  syscall(228, 0, $time);
  my ($seconds, $nanoseconds) = unpack 'q q', $time;
  return $seconds * 1000 + $nanoseconds / 1e6;
}

sub ready {
  my ($socket, $seconds, $for_writing) = @_;
  my $bits = '';
  vec($bits, fileno($socket), 1) = 1;
  my $none = undef;
  return select($for_writing ? $none : $bits, $for_writing ? $bits : $none, undef, $seconds);
}

sub address_of { return pack 'S n C4 x8', 2, $_[1], split /\./, $_[0] }

my $number = 0;

# One question (RFC 1035); Docker's DNS answers what it knows within a millisecond.
sub resolve {
  my $id = ++$number & 0xffff;
  my $labels = join '', map { pack 'C/a*', $_ } split /\./, $name;
  send($_[0], pack('n n n n n n a* x n n', $id, 0x0100, 1, 0, 0, 0, $labels, 1, 1), 0) or return '';
  while (ready($_[0], 0.05)) {
    sysread($_[0], my $answer, 512) or return '';
    my ($its, undef, undef, $answers) = unpack 'n n n n', $answer;
    next unless $its == $id;
    return $answers ? join '.', unpack 'C4', substr $answer, -4 : '';
  }
  return '';
}

sub call {
  socket(my $socket, 2, 1, 0) or die $!;
  # F_SETFL, O_NONBLOCK
  fcntl($socket, 4, 2048);
  connect $socket, address_of($_[0], $port);
  ready($socket, 0.1, 1) or return 0;
  # SOL_SOCKET, SO_ERROR
  return 0 if unpack 'i', getsockopt($socket, 1, 4);
  syswrite($socket, "hello\n") or return 0;
  ready($socket, 1) or return 0;
  return sysread($socket, my $answer, 200) ? 1 : 0;
}

socket(my $dns, 2, 2, 0) or die $!;
connect $dns, address_of('127.0.0.11', 53) or die $!;
print "waits\n";
my $address = '';
until ($address) {
  $address = resolve($dns);
  select undef, undef, undef, 0.001 unless $address;
}
my $known = now();
my $refused = 0;
until (call($address)) {
  $refused += 1;
  select undef, undef, undef, 0.001;
}
printf "dns=%d vip=%d address=%s refused=%d\n", $known, now(), $address, $refused;
