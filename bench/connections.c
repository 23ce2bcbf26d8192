/*
 * TCP connections, as many as can be made one after the other.
 *
 *   connections serve PORT            answers each connection with one byte and closes it
 *   connections call ADDRESS PORT MS  makes connections for MS milliseconds from two processes,
 *                                     and prints {"made": N, "failed": N, "ms": N}
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALLERS 2

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int serve(int port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 1024) != 0) {
    perror("connections serve");
    return 1;
  }
  puts("{\"ready\": true}");
  fflush(stdout);
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) continue;
    if (write(fd, "x", 1) != 1) { /* it has gone already */ }
    close(fd);
  }
}

struct count {
  long made, failed;
};

static struct count call(const struct sockaddr_in *to, double ms) {
  struct count count = {0, 0};
  struct timeval patience = {.tv_sec = 1};
  /*
   * Closed with a reset: otherwise one end would remember the port for a minute, and refuse it to
   * the next round, which comes by the other address with other time stamps.
   */
  struct linger reset = {.l_onoff = 1, .l_linger = 0};
  double end = now_ms() + ms;
  while (now_ms() < end) {
    char byte;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) == 0 && read(fd, &byte, 1) == 1) {
      count.made++;
    } else {
      count.failed++;
    }
    close(fd);
  }
  return count;
}

int main(int argc, char **argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc == 3 && strcmp(argv[1], "serve") == 0) return serve(atoi(argv[2]));
  if (argc != 5 || strcmp(argv[1], "call") != 0) return 2;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[3]))};
  inet_pton(AF_INET, argv[2], &to.sin_addr);
  int ends[2];
  if (pipe(ends) != 0) return 1;
  double begin = now_ms();
  for (int i = 0; i < CALLERS; i++) {
    if (fork() != 0) continue;
    struct count count = call(&to, atof(argv[4]));
    return write(ends[1], &count, sizeof count) == sizeof count ? 0 : 1;
  }
  struct count all = {0, 0}, one;
  for (int i = 0; i < CALLERS; i++) {
    if (read(ends[0], &one, sizeof one) != sizeof one) return 1;
    all.made += one.made;
    all.failed += one.failed;
  }
  printf("{\"made\": %ld, \"failed\": %ld, \"ms\": %.1f}\n", all.made, all.failed, now_ms() - begin);
  while (wait(NULL) > 0) {
  }
  return 0;
}
