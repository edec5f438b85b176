// The reference: an ordinary echo server in C. Level-triggered epoll, one loop;
// -threads N runs N SO_REUSEPORT loops, -mt 1 adds a thread that sleeps.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
static struct sockaddr_in sa;
static int threads = 1;
typedef struct { char *p; int off, len; } pend;
static pend *pd; // by fd: bytes not yet sent

static void drop(int ep, int fd) { (void)ep; free(pd[fd].p); pd[fd].p = 0; close(fd); }
static void *loop(void *x) {
  (void)x;
  int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
  setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (threads > 1) setsockopt(ls, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  if (bind(ls, (void *)&sa, sizeof sa) || listen(ls, 4096)) { perror("bind"); exit(1); }
  int ep = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event ev = {.events = EPOLLIN, .data.fd = ls}, evs[256];
  epoll_ctl(ep, EPOLL_CTL_ADD, ls, &ev);
  char *buf = malloc(65536);
  for (;;) {
    int n = epoll_wait(ep, evs, 256, -1);
    for (int i = 0; i < n; i++) {
      int fd = evs[i].data.fd;
      if (fd == ls) {
        int c;
        while ((c = accept4(ls, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
          setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          ev.events = EPOLLIN; ev.data.fd = c; epoll_ctl(ep, EPOLL_CTL_ADD, c, &ev);
        }
        continue;
      }
      pend *q = &pd[fd];
      if (q->p) {
        ssize_t w = send(fd, q->p + q->off, q->len - q->off, MSG_NOSIGNAL);
        if (w < 0) { if (errno != EAGAIN) drop(ep, fd); continue; }
        q->off += w; if (q->off < q->len) continue;
        free(q->p); q->p = 0; ev.events = EPOLLIN; ev.data.fd = fd; epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev); continue;
      }
      ssize_t r = recv(fd, buf, 65536, 0);
      if (r <= 0) { if (r == 0 || errno != EAGAIN) drop(ep, fd); continue; }
      ssize_t w = send(fd, buf, r, MSG_NOSIGNAL);
      if (w == r) continue;
      if (w < 0) { if (errno != EAGAIN) { drop(ep, fd); continue; } w = 0; }
      q->p = malloc(r - w); memcpy(q->p, buf + w, r - w); q->off = 0; q->len = r - w;
      ev.events = EPOLLOUT; ev.data.fd = fd; epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev);
    }
  }
}
static void *idle(void *x) { pause(); return x; }
int main(int ac, char **av) {
  char *host = "127.0.0.1"; int port = 7000;
  for (int i = 1; i + 1 < ac; i += 2) {
    if (!strcmp(av[i], "-addr")) { char *k = strrchr(av[i + 1], ':'); *k = 0; host = av[i + 1]; port = atoi(k + 1); }
    if (!strcmp(av[i], "-threads")) threads = atoi(av[i + 1]);
    if (!strcmp(av[i], "-mt") && atoi(av[i + 1])) { pthread_t t; pthread_create(&t, 0, idle, 0); } // a shared descriptor table, as in every Go program
  }
  alarm(900);
  struct rlimit rl; getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl);
  pd = calloc(rl.rlim_cur + 1, sizeof *pd);
  sa.sin_family = AF_INET; sa.sin_port = htons(port); inet_pton(AF_INET, host, &sa.sin_addr);
  for (int i = 1; i < threads; i++) { pthread_t t; pthread_create(&t, 0, loop, 0); }
  loop(0);
}
