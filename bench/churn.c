/*
 * Members that come and go, in many network namespaces from one process.
 *
 *   churn ADDRESS GROUPS PER_SECOND SECONDS NAMESPACE…
 *
 * In each namespace a socket joins GROUPS groups, counted up from ADDRESS over all namespaces, by
 * the interface with the route to groups. Then it prints "ready". After a line on standard input
 * one group is left and one that was left before is joined, PER_SECOND times a second each, and
 * each is printed as "join GROUP NS" or "leave GROUP NS", NS being the clock's (CLOCK_MONOTONIC)
 * nanoseconds right before the call. At its end it prints "done".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void sleep_until(uint64_t when) {
  struct timespec t = {.tv_sec = (time_t)(when / 1000000000u), .tv_nsec = (long)(when % 1000000000u)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0) {}
}

static int *sockets;
static uint32_t first;
static size_t per;

static void change(size_t number, int option) {
  struct in_addr group = {.s_addr = htonl(first + (uint32_t)number)};
  struct ip_mreqn request = {.imr_multiaddr = group};
  uint64_t when = now();
  if (setsockopt(sockets[number / per], IPPROTO_IP, option, &request, sizeof request) != 0) {
    fail("churn: membership");
  }
  if (option == IP_ADD_MEMBERSHIP) {
    printf("join %s %llu\n", inet_ntoa(group), (unsigned long long)when);
  } else {
    printf("leave %s %llu\n", inet_ntoa(group), (unsigned long long)when);
  }
}

int main(int argc, char **argv) {
  struct in_addr address;
  if (argc < 6 || inet_aton(argv[1], &address) == 0) {
    fprintf(stderr, "churn ADDRESS GROUPS PER_SECOND SECONDS NAMESPACE...\n");
    return 2;
  }
  first = ntohl(address.s_addr);
  per = (size_t)atoi(argv[2]);
  size_t per_second = (size_t)atoi(argv[3]), seconds = (size_t)atoi(argv[4]);
  size_t places = (size_t)argc - 5, count = places * per;
  sockets = calloc(places, sizeof *sockets);
  for (size_t i = 0; i < places; i++) {
    int ns = open(argv[5 + i], O_RDONLY | O_CLOEXEC);
    if (ns < 0 || setns(ns, CLONE_NEWNET) != 0) fail(argv[5 + i]);
    close(ns);
    sockets[i] = socket(AF_INET, SOCK_DGRAM, 0);
    if (sockets[i] < 0) fail("churn: socket");
    for (size_t g = 0; g < per; g++) {
      struct ip_mreqn request = {.imr_multiaddr.s_addr = htonl(first + (uint32_t)(i * per + g))};
      if (setsockopt(sockets[i], IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) != 0) {
        fail("churn: membership");
      }
    }
  }
  puts("ready");
  fflush(stdout);
  if (getchar() == EOF) return 0;
  /* A group is away for two seconds, longer than the bridge takes to notice that it is gone. */
  size_t away = 2 * per_second, turns = per_second * seconds;
  uint64_t start = now();
  for (size_t turn = 0; turn < turns + away; turn++) {
    sleep_until(start + turn * (1000000000u / per_second));
    /* Strides spread the changes over the namespaces. */
    if (turn < turns) change(turn * 7 % count, IP_DROP_MEMBERSHIP);
    if (turn >= away) change((turn - away) * 7 % count, IP_ADD_MEMBERSHIP);
    fflush(stdout);
  }
  puts("done");
  fflush(stdout);
  while (getchar() != EOF) {}
  return 0;
}
