# Who holds which network namespace of a host: run in it, it prints each namespace, its links and its
# holders: processes and threads, files, mounts in any mount namespace, and sockets, which keep one too.
#   perl namespaces.pl
# Perl's base is on every Debian.
use strict;
use warnings;
use Fcntl qw(F_SETFD);

# The same on every architecture (asm-generic/unistd.h); the ioctl is of <linux/sockios.h>.
use constant { PIDFD_OPEN => 434, PIDFD_GETFD => 438, SIOCGSKNS => 0x894C };

# By the namespace's inode: its holders, and one open file of it.
my (%holders, %file, %mounts);

sub hold {
  my ($inode, $who, $path) = @_;
  $holders{$inode}{$who}++;
  return if $file{$inode} || !defined $path;
  open(my $open, '<', $path) or return;
  $file{$inode} = $open if ((stat $open)[1] // 0) == $inode;
}

# Of a process's socket, the inode of its namespace and that namespace's file.
sub socket_namespace {
  my ($pid, $fd) = @_;
  my $process = syscall(PIDFD_OPEN, $pid + 0, 0);
  return if $process < 0;
  open(my $keep, '<&=', $process);
  my $copy = syscall(PIDFD_GETFD, $process, $fd + 0, 0);
  return if $copy < 0;
  open(my $socket, '<&=', $copy) or return;
  my $space = ioctl($socket, SIOCGSKNS, 0) or return;
  open(my $file, '<&=', $space + 0) or return;
  return ((stat $file)[1], $file);
}

for my $pid (sort { $a <=> $b } map { m{(\d+)$} } glob '/proc/[0-9]*') {
  my ($own) = (readlink("/proc/$pid/ns/net") // '') =~ /(\d+)/ or next;
  open(my $comm, '<', "/proc/$pid/comm") or next;
  chomp(my $name = <$comm> // '');
  my $who = "$pid ($name)";
  hold($own, "process $who", "/proc/$pid/ns/net");
  for my $task (glob "/proc/$pid/task/*/ns/net") {
    my ($its) = (readlink($task) // '') =~ /(\d+)/ or next;
    hold($its, "a thread of $who", $task) if $its != $own;
  }
  for my $fd (map { m{(\d+)$} } glob "/proc/$pid/fd/*") {
    my $link = readlink("/proc/$pid/fd/$fd") // next;
    hold($1, "open file $fd of $who", "/proc/$pid/fd/$fd") if $link =~ /^net:\[(\d+)\]/;
    next if $link !~ /^socket:/;
    my ($inode, $file) = socket_namespace($pid, $fd) or next;
    next if !defined $inode || $inode == $own;
    $holders{$inode}{"socket $fd of $who"}++;
    $file{$inode} //= $file;
  }
  my $space = readlink("/proc/$pid/ns/mnt") // next;
  next if $mounts{$space}++;
  open(my $info, '<', "/proc/$pid/mountinfo") or next;
  while (<$info>) {
    my (undef, undef, undef, $root, $point) = split / /;
    hold($1, "mount $point of $who and whoever shares its mounts", "/proc/$pid/root$point")
      if $root =~ /^net:\[(\d+)\]/;
  }
}

for my $inode (sort { $a <=> $b } keys %holders) {
  print "net:[$inode]\n";
  print "  $_\n" for sort keys %{ $holders{$inode} };
  my $open = $file{$inode} or next;
  fcntl($open, F_SETFD, 0);
  my $path = '/proc/self/fd/' . fileno($open);
  print "  link $_" for `nsenter --net=$path ip -br link 2>&1`;
}
