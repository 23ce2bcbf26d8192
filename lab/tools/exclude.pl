# Joins a group but for some sources (RFC 3376, EXCLUDE), which Node cannot, until the standard input
# is closed. Says "ready" when joined.
#   perl exclude.pl GROUP OWN_ADDRESS SOURCE...
# Perl's base is on every Debian.
use strict;
use warnings;
use Socket;

# <linux/in.h>; Perl's Socket names only some of them.
use constant { IPPROTO_IP => 0, IP_ADD_MEMBERSHIP => 35, IP_BLOCK_SOURCE => 38 };

my ($group, $own, @sources) = @ARGV;
socket(my $socket, AF_INET, SOCK_DGRAM, 0) or die "socket: $!\n";
my ($its, $here) = (inet_aton($group), inet_aton($own));
setsockopt($socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, $its . $here) or die "join $group: $!\n";
for my $source (@sources) {
  # struct ip_mreq_source: group, interface, source.
  setsockopt($socket, IPPROTO_IP, IP_BLOCK_SOURCE, $its . $here . inet_aton($source))
    or die "exclude $source: $!\n";
}
$| = 1;
print "ready\n";
1 while <STDIN>;
