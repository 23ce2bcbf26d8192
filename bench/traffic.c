/*
 * The bench's traffic: one program for every row, so that rows differ only in
 * the path between the namespaces. All times are CLOCK_MONOTONIC, which all
 * namespaces of one machine share: a packet's age is its arrival less its stamp.
 *
 *   traffic send  to= port= local= size= rate= ms= run=          paced packets
 *   traffic recv  port= local= run= [group=] [max_ms=] [stamps=] counts them
 *   traffic hold  group= local=                                  stays a member
 *   traffic call  to= port= local= groups= slot_ms= t0= rate=    a group per slot
 *   traffic join  port= group= local= groups= slot_ms= wait_ms= t0=  times each join
 *   traffic watch iface= ms= every_us=                           samples counters
 *   traffic echo  port= local=           traffic ping to= port= count= size=
 *   traffic serve port=                  traffic connect to= port= ms=  TCP connections
 *   traffic churn group= groups= rate= seconds= NAMESPACE...     members come and go
 *
 * Each takes cpu=N to stay on one CPU, and prints one line of JSON at its end.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH 32
#define BUFFER 65536
#define MAGIC 0x63617374u
#define SECOND 1000000000ull
#define MS 1000000ull
/* How far, in ns, a sender may fall behind before it lets go of what it missed. */
#define LAG (2.0 * (double)MS)

struct head {
  uint32_t magic, run;
  uint64_t seq, stamp;
  uint32_t end, pad;
};

static int argc_;
static char **argv_;

static const char *text(const char *name, const char *fallback) {
  size_t length = strlen(name);
  for (int i = 2; i < argc_; i++)
    if (strncmp(argv_[i], name, length) == 0 && argv_[i][length] == '=') return argv_[i] + length + 1;
  if (fallback == NULL) {
    fprintf(stderr, "traffic %s: %s= is missing\n", argv_[1], name);
    exit(2);
  }
  return fallback;
}

static uint64_t number(const char *name, const char *fallback) {
  return strtoull(text(name, fallback), NULL, 10);
}

static void fail(const char *what) {
  fprintf(stderr, "traffic %s: %s: %s\n", argv_[1], what, strerror(errno));
  exit(1);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static void sleep_until(uint64_t when) {
  struct timespec t = {(time_t)(when / SECOND), (long)(when % SECOND)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
    ;
}

static struct sockaddr_in address(const char *ip, uint16_t port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, ip, &a.sin_addr) != 1) {
    fprintf(stderr, "traffic: %s is not an IPv4 address\n", ip);
    exit(2);
  }
  return a;
}

static int udp_socket(void) {
  int one = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  return fd;
}

/* FORCE: without it net.core.rmem_max of the machine would decide. */
static void buffers(int fd, int option, int bytes) {
  if (setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof bytes) != 0) fail("buffer size");
}

static void leave_by(int fd, struct in_addr local) {
  unsigned char hops = 8, loop = 0;
  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &local, sizeof local);
  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops);
  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, sizeof loop);
}

static void join_group(int fd, struct in_addr group, struct in_addr local) {
  struct ip_mreqn m = {.imr_multiaddr = group, .imr_address = local};
  if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m) != 0) fail("join");
}

static void wait_at_most(int fd, uint64_t ns) {
  struct timeval t = {(time_t)(ns / SECOND), (suseconds_t)(ns % SECOND / 1000)};
  if (t.tv_sec == 0 && t.tv_usec < 1000) t.tv_usec = 1000;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
}

/* ---- sending ---- */

static char out[BATCH][BUFFER];

/*
 * Sends `rate` packets a second until `end`, in batches of what is due. A
 * sender that cannot keep up, or lost its CPU for long, does not catch up with
 * a great burst: what counts is the rate that was really sent.
 */
static uint64_t paced(int fd, struct sockaddr_in to, uint64_t rate, uint64_t end, uint64_t *seq) {
  size_t size = number("size", "64");
  uint32_t run = (uint32_t)number("run", "0");
  struct iovec io[BATCH];
  struct mmsghdr messages[BATCH];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < BATCH; i++) {
    io[i] = (struct iovec){out[i], size};
    messages[i].msg_hdr = (struct msghdr){
        .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &io[i], .msg_iovlen = 1};
  }
  uint64_t gap = SECOND / rate, first = *seq;
  double due = (double)now(), each = (double)SECOND / (double)rate;
  for (;;) {
    uint64_t t = now();
    if (t >= end) break;
    if ((double)t < due) {
      /* Waking up once per packet costs more than sending: from 20 000/s on, sleep for a few. */
      uint64_t nap = gap > 50000 ? gap : 50000;
      sleep_until((uint64_t)due + (gap > 50000 ? 0 : nap));
      continue;
    }
    if ((double)t - due > LAG) due = (double)t - LAG;
    int count = 1 + (int)(((double)t - due) / each);
    if (count > BATCH) count = BATCH;
    for (int i = 0; i < count; i++)
      *(struct head *)out[i] = (struct head){MAGIC, run, *seq + (uint64_t)i, now(), 0, 0};
    int sent = sendmmsg(fd, messages, (unsigned)count, 0);
    if (sent < 0) {
      if (errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED) fail("send");
      due += each;
      continue;
    }
    *seq += (uint64_t)sent;
    due += each * sent;
  }
  return *seq - first;
}

static int sender_socket(void) {
  struct sockaddr_in local = address(text("local", NULL), 0);
  int fd = udp_socket();
  if (bind(fd, (struct sockaddr *)&local, sizeof local) != 0) fail("bind");
  leave_by(fd, local.sin_addr);
  buffers(fd, SO_SNDBUFFORCE, 1 << 20);
  return fd;
}

static int send_mode(void) {
  int fd = sender_socket();
  struct sockaddr_in to = address(text("to", NULL), (uint16_t)number("port", "7000"));
  uint64_t seq = 0, start = now(), end = start + number("ms", "1000") * MS;
  uint64_t sent = paced(fd, to, number("rate", "1000"), end, &seq), ns = now() - start;
  printf("{\"sent\":%lu,\"ns\":%lu,\"pps\":%.1f}\n", sent, ns, (double)sent * 1e9 / (double)ns);
  fflush(stdout);
  /* The end is told after what queues on the way has drained, several times as it may be lost. */
  struct head *last = (struct head *)out[0];
  *last = (struct head){MAGIC, (uint32_t)number("run", "0"), sent, 0, 1, 0};
  for (int i = 0; i < 12; i++) {
    usleep(i == 0 ? 60000 : 5000);
    if (sendto(fd, last, sizeof *last, 0, (struct sockaddr *)&to, sizeof to) < 0) continue;
  }
  return 0;
}

static struct in_addr nth(struct in_addr first, uint64_t n) {
  return (struct in_addr){htonl(ntohl(first.s_addr) + (uint32_t)n)};
}

static int call_mode(void) {
  int fd = sender_socket();
  struct sockaddr_in to = address(text("to", NULL), (uint16_t)number("port", "7000"));
  struct in_addr first = to.sin_addr;
  uint64_t groups = number("groups", "50"), slot = number("slot_ms", "300") * MS;
  uint64_t t0 = number("t0", NULL), rate = number("rate", "10000"), seq = 0;
  for (uint64_t k = 0; k < groups; k++) {
    sleep_until(t0 + k * slot);
    to.sin_addr = nth(first, k);
    paced(fd, to, rate, t0 + (k + 1) * slot - 5 * MS, &seq);
  }
  printf("{\"sent\":%lu}\n", seq);
  return 0;
}

/* ---- receiving ---- */

static char in[BATCH][BUFFER];

static int by_value(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static double part(uint32_t *sorted, size_t count, double p) {
  if (count == 0) return 0;
  size_t i = (size_t)(p * (double)(count - 1) + 0.5);
  return (double)sorted[i] / 1000.0;
}

static int recv_mode(void) {
  int fd = udp_socket();
  const char *group = text("group", "");
  struct sockaddr_in local = address(text("local", NULL), 0);
  uint16_t port = (uint16_t)number("port", "7000");
  struct sockaddr_in own = address(*group ? group : text("local", NULL), port);
  uint32_t run = (uint32_t)number("run", "0");
  buffers(fd, SO_RCVBUFFORCE, 4 << 20);
  if (bind(fd, (struct sockaddr *)&own, sizeof own) != 0) fail("bind");
  if (*group) join_group(fd, own.sin_addr, local.sin_addr);
  wait_at_most(fd, 100 * MS);

  struct iovec io[BATCH];
  struct mmsghdr messages[BATCH];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < BATCH; i++) {
    io[i] = (struct iovec){in[i], BUFFER};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &io[i], .msg_iovlen = 1};
  }
  size_t keep = number("stamps", "0"), kept = 0;
  uint32_t *ages = keep ? malloc(keep * sizeof *ages) : NULL;
  uint64_t got = 0, expected = 0, gaps = 0, behind = 0, sent = 0, bytes = 0, after = 0;
  uint64_t deadline = now() + number("max_ms", "10000") * MS;
  printf("ready\n");
  fflush(stdout);
  while (sent == 0 && now() < deadline) {
    int count = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
    uint64_t t = ages ? now() : 0;
    for (int i = 0; i < count; i++) {
      struct head *h = (struct head *)in[i];
      if (messages[i].msg_len < sizeof *h || h->magic != MAGIC || h->run != run) continue;
      if (h->end) {
        sent = h->seq + 1;
        continue;
      }
      if (h->seq < expected) behind++;
      else {
        if (h->seq > expected) gaps++;
        expected = h->seq + 1;
      }
      got++;
      after = h->seq;
      bytes += messages[i].msg_len;
      if (kept < keep) ages[kept++] = (uint32_t)(t - h->stamp);
    }
  }
  if (ages) qsort(ages, kept, sizeof *ages, by_value);
  printf("{\"got\":%lu,\"sent\":%lu,\"gaps\":%lu,\"behind\":%lu,\"bytes\":%lu,\"last\":%lu,"
         "\"p50\":%.2f,\"p99\":%.2f}\n",
         got, sent ? sent - 1 : 0, gaps, behind, bytes, after, part(ages, kept, 0.5),
         part(ages, kept, 0.99));
  return 0;
}

static int hold_mode(void) {
  int fd = udp_socket();
  join_group(fd, address(text("group", NULL), 0).sin_addr, address(text("local", NULL), 0).sin_addr);
  printf("ready\n");
  fflush(stdout);
  /* Ends with its standard input; then says when it left. */
  char c;
  while (read(0, &c, 1) > 0)
    ;
  uint64_t left = now();
  close(fd);
  printf("{\"left\":%lu}\n", left);
  return 0;
}

static int join_mode(void) {
  struct in_addr first = address(text("group", NULL), 0).sin_addr;
  struct in_addr local = address(text("local", NULL), 0).sin_addr;
  uint64_t groups = number("groups", "50"), slot = number("slot_ms", "300") * MS;
  uint64_t t0 = number("t0", NULL), wait = number("wait_ms", NULL) * MS;
  srandom((unsigned)t0);
  printf("{\"us\":[");
  for (uint64_t k = 0; k < groups; k++) {
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = nth(first, k)};
    own.sin_port = htons((uint16_t)number("port", "7000"));
    int fd = udp_socket();
    if (bind(fd, (struct sockaddr *)&own, sizeof own) != 0) fail("bind");
    wait_at_most(fd, wait);
    /* A random moment, for a host's own timers must not fall into step with the slots. */
    sleep_until(t0 + k * slot + slot / 8 + (uint64_t)random() % (20 * MS));
    uint64_t start = now();
    join_group(fd, own.sin_addr, local);
    ssize_t size = recv(fd, in[0], BUFFER, 0);
    uint64_t end = now();
    printf("%s%.1f", k ? "," : "", size < 0 ? -1.0 : (double)(end - start) / 1000.0);
    close(fd);
  }
  printf("]}\n");
  return 0;
}

/* ---- counters and round trips ---- */

static uint64_t sent_packets(const char *iface) {
  FILE *file = fopen("/proc/self/net/dev", "r");
  char line[512];
  uint64_t v[16] = {0}, packets = 0;
  if (file == NULL) fail("/proc/self/net/dev");
  while (fgets(line, sizeof line, file)) {
    char *name = line + strspn(line, " "), *colon = strchr(name, ':');
    if (colon == NULL) continue;
    *colon = 0;
    if (strcmp(name, iface) != 0) continue;
    char *next = colon + 1;
    for (int i = 0; i < 16; i++) v[i] = strtoull(next, &next, 10);
    packets = v[9];
  }
  fclose(file);
  return packets;
}

static int watch_mode(void) {
  const char *iface = text("iface", "eth0");
  uint64_t every = number("every_us", "5000") * 1000, next = now();
  uint64_t end = next + number("ms", "1000") * MS;
  printf("{\"samples\":[");
  for (const char *comma = ""; now() < end; comma = ",") {
    printf("%s[%lu,%lu]", comma, now(), sent_packets(iface));
    sleep_until(next += every);
  }
  printf("]}\n");
  return 0;
}

static int echo_mode(void) {
  struct sockaddr_in own = address(text("local", NULL), (uint16_t)number("port", "7000")), from;
  int fd = udp_socket();
  if (bind(fd, (struct sockaddr *)&own, sizeof own) != 0) fail("bind");
  wait_at_most(fd, 100 * MS);
  uint64_t deadline = now() + number("max_ms", "10000") * MS;
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    socklen_t length = sizeof from;
    ssize_t size = recvfrom(fd, in[0], BUFFER, 0, (struct sockaddr *)&from, &length);
    if (size < 0) {
      if (now() > deadline) return 0;
      continue;
    }
    if (sendto(fd, in[0], (size_t)size, 0, (struct sockaddr *)&from, length) < 0) continue;
  }
}

static int ping_mode(void) {
  struct sockaddr_in to = address(text("to", NULL), (uint16_t)number("port", "7000"));
  size_t count = number("count", "10000"), size = number("size", "64"), kept = 0;
  uint32_t *times = malloc(count * sizeof *times);
  int fd = sender_socket();
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) fail("connect");
  wait_at_most(fd, 200 * MS);
  uint64_t deadline = now() + number("max_ms", "10000") * MS;
  while (kept < count && now() < deadline) {
    uint64_t start = now();
    if (send(fd, out[0], size, 0) < 0) continue;
    if (recv(fd, in[0], BUFFER, 0) < 0) continue;
    times[kept++] = (uint32_t)(now() - start);
  }
  qsort(times, kept, sizeof *times, by_value);
  printf("{\"count\":%zu,\"p50\":%.2f,\"p99\":%.2f}\n", kept, part(times, kept, 0.5),
         part(times, kept, 0.99));
  return 0;
}

/* ---- connections ---- */

/* Answers each connection with one byte and closes it. */
static _Noreturn void serve(void) {
  struct sockaddr_in own = address("0.0.0.0", (uint16_t)number("port", NULL));
  int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&own, sizeof own) != 0) fail("bind");
  if (listen(listener, 1024) != 0) fail("listen");
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) continue;
    if (write(fd, "x", 1) != 1) { /* it has gone already */ }
    close(fd);
  }
}

static int serve_mode(void) { serve(); }

struct count {
  uint64_t made, failed;
};

static struct count connections(struct sockaddr_in to, uint64_t end) {
  struct count count = {0, 0};
  struct timeval patience = {.tv_sec = 1};
  /*
   * Closed with a reset: otherwise one end would remember the port for a minute, and refuse it to
   * the next round, which comes by the other address with other time stamps.
   */
  struct linger reset = {.l_onoff = 1, .l_linger = 0};
  while (now() < end) {
    char byte;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 && read(fd, &byte, 1) == 1)
      count.made++;
    else
      count.failed++;
    close(fd);
  }
  return count;
}

/* Makes connections one after the other, from each of two processes. */
static int connect_mode(void) {
  struct sockaddr_in to = address(text("to", NULL), (uint16_t)number("port", NULL));
  uint64_t begin = now(), end = begin + number("ms", NULL) * MS;
  int ends[2];
  if (pipe(ends) != 0) fail("pipe");
  for (int i = 0; i < 2; i++) {
    if (fork() != 0) continue;
    struct count count = connections(to, end);
    return write(ends[1], &count, sizeof count) == sizeof count ? 0 : 1;
  }
  struct count all = {0, 0}, one;
  for (int i = 0; i < 2; i++) {
    if (read(ends[0], &one, sizeof one) != sizeof one) fail("read");
    all.made += one.made;
    all.failed += one.failed;
  }
  printf("{\"made\":%lu,\"failed\":%lu,\"ms\":%.1f}\n", all.made, all.failed,
         (double)(now() - begin) / MS);
  while (wait(NULL) > 0)
    ;
  return 0;
}

/* ---- memberships that change ---- */

static int *members;
static uint64_t per;

/* @returns the time right before */
static uint64_t change(uint64_t n, int option) {
  struct in_addr group = nth(address(text("group", NULL), 0).sin_addr, n);
  struct ip_mreqn request = {.imr_multiaddr = group};
  uint64_t when = now();
  if (setsockopt(members[n / per], IPPROTO_IP, option, &request, sizeof request) != 0)
    fail("membership");
  return when;
}

static void change_and_tell(uint64_t n, int option) {
  uint64_t when = change(n, option);
  struct in_addr group = nth(address(text("group", NULL), 0).sin_addr, n);
  const char *what = option == IP_ADD_MEMBERSHIP ? "join" : "leave";
  printf("%s %s %lu\n", what, inet_ntoa(group), when);
  fflush(stdout);
}

/*
 * In each namespace a socket joins so many groups, counted up over all namespaces, by the interface
 * with the route to groups. After a line on standard input one group is left and one that was left
 * before is joined, `rate` times a second each; each is printed with the time right before the call.
 */
static int churn_mode(void) {
  int first = 2;
  while (first < argc_ && strchr(argv_[first], '=') != NULL) first++;
  per = number("groups", NULL);
  uint64_t places = (uint64_t)(argc_ - first), rate = number("rate", NULL);
  uint64_t count = places * per, turns = rate * number("seconds", NULL);
  /* A group is away for two seconds, longer than the bridge takes to notice that it is gone. */
  uint64_t away = 2 * rate;
  members = calloc(places, sizeof *members);
  for (uint64_t i = 0; i < places; i++) {
    int ns = open(argv_[first + (int)i], O_RDONLY | O_CLOEXEC);
    if (ns < 0 || setns(ns, CLONE_NEWNET) != 0) fail(argv_[first + (int)i]);
    close(ns);
    members[i] = socket(AF_INET, SOCK_DGRAM, 0);
    for (uint64_t g = 0; g < per; g++) change(i * per + g, IP_ADD_MEMBERSHIP);
  }
  printf("ready\n");
  fflush(stdout);
  if (getchar() == EOF) return 0;
  uint64_t start = now();
  for (uint64_t turn = 0; turn < turns + away; turn++) {
    sleep_until(start + turn * (SECOND / rate));
    /* Strides spread the changes over the namespaces. */
    if (turn < turns) change_and_tell(turn * 7 % count, IP_DROP_MEMBERSHIP);
    if (turn >= away) change_and_tell((turn - away) * 7 % count, IP_ADD_MEMBERSHIP);
  }
  printf("done\n");
  fflush(stdout);
  while (getchar() != EOF)
    ;
  return 0;
}

int main(int argc, char **argv) {
  static const struct { const char *name; int (*run)(void); } modes[] = {
      {"send", send_mode},   {"recv", recv_mode}, {"hold", hold_mode}, {"call", call_mode},
      {"join", join_mode},   {"watch", watch_mode}, {"echo", echo_mode}, {"ping", ping_mode},
      {"serve", serve_mode}, {"connect", connect_mode}, {"churn", churn_mode}};
  argc_ = argc;
  argv_ = argv;
  /* The bench may be killed: nothing of it stays. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_TIMERSLACK, 1);
  if (argc > 1) {
    const char *cpu = text("cpu", "");
    if (*cpu) {
      cpu_set_t set;
      CPU_ZERO(&set);
      CPU_SET(atoi(cpu), &set);
      sched_setaffinity(0, sizeof set, &set);
    }
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
      if (strcmp(argv[1], modes[i].name) == 0) return modes[i].run();
  }
  fprintf(stderr, "traffic: the modes are in traffic.c\n");
  return 2;
}
