# Waits until Docker's DNS answers a service's name, then calls it at once, over and over.
#
#   perl late-call.pl NAME PORT
#
# Prints "answered=MS served=MS": milliseconds from the answer of the DNS to the first call that was
# answered at all, if only by a refusal, and to the first that was served.
use strict;
use warnings;
use Socket;
use Time::HiRes qw(time sleep);

my ($name, $port) = @ARGV;
my $address;
my $end = time + 30;
until ($address = inet_aton($name)) {
  die "no such name\n" if time > $end;
  sleep 0.002;
}
my ($known, $answered) = (time);
my $to = pack_sockaddr_in($port, $address);
print 'known ', inet_ntoa($address), "\n";
while (time < $end) {
  socket(my $socket, PF_INET, SOCK_STREAM, 0) or die;
  fcntl($socket, 4, 2048);
  connect($socket, $to);
  my $bits = '';
  vec($bits, fileno($socket), 1) = 1;
  next unless select(undef, $bits, undef, 0.005);
  my $error = unpack 'i', getsockopt($socket, SOL_SOCKET, SO_ERROR);
  # 113: EHOSTUNREACH, which is the silence of the network's own ARP.
  next if $error == 113;
  $answered //= time;
  if ($error == 0) {
    printf "answered=%.0f served=%.0f\n", map { ($_ - $known) * 1000 } $answered, time;
    exit;
  }
  sleep 0.002;
}
printf "answered=%s\n", defined $answered ? sprintf '%.0f', ($answered - $known) * 1000 : 'never';
