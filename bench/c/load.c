// Closed-loop TCP load generator: one thread, epoll, every echoed byte verified.
// One message outstanding per connection. Prints one JSON line.
// -a 127.0.0.1:PORT, -c connections, -m bytes of a message, -t seconds, -w seconds of warm-up, which do not count,
// -i idle connections, -P the server's process, for its CPU time;
// -H seconds: only make the idle connections and hold them for that time, or until the standard input ends; -A: connections made and reset;
// -C: only print the CPU time of the process, in nanoseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }
static void die(const char *m) { fprintf(stderr, "load: %s: %s\n", m, strerror(errno)); exit(1); }

// log-linear histogram, 32 sub-buckets per power of two (3% resolution)
static uint64_t hist[64 * 32];
static inline void hadd(uint64_t v) {
  if (v < 32) { hist[v]++; return; }
  int e = 63 - __builtin_clzll(v);
  hist[(e - 4) * 32 + ((v >> (e - 5)) & 31)]++;
}
static double hq(double q, uint64_t total) {
  uint64_t want = (uint64_t)(q * total), s = 0;
  for (int i = 0; i < 64 * 32; i++) {
    s += hist[i];
    if (s > want) return i < 32 ? i : (double)((uint64_t)(32 + (i & 31)) << (i / 32 - 1));
  }
  return 0;
}

static void ticks(int pid, uint64_t *u, uint64_t *s) {
  char p[64]; snprintf(p, sizeof p, "/proc/%d/stat", pid);
  *u = *s = 0; FILE *f = fopen(p, "r"); if (!f) return;
  char buf[2048]; size_t n = fread(buf, 1, sizeof buf - 1, f); fclose(f); buf[n] = 0;
  char *q = strrchr(buf, ')'); unsigned long a = 0, b = 0;
  if (q) sscanf(q + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &a, &b);
  *u = a; *s = b;
}

// exact CPU time of a process: the sum of schedstat of its threads
static uint64_t cpu_ns(int pid) {
  char p[300]; snprintf(p, sizeof p, "/proc/%d/task", pid);
  DIR *d = opendir(p); if (!d) return 0;
  uint64_t sum = 0; struct dirent *e;
  while ((e = readdir(d))) {
    if (e->d_name[0] == '.') continue;
    snprintf(p, sizeof p, "/proc/%d/task/%s/schedstat", pid, e->d_name);
    FILE *f = fopen(p, "r"); unsigned long long a;
    if (f) { if (fscanf(f, "%llu", &a) == 1) sum += a; fclose(f); }
  }
  closedir(d);
  if (!sum) { // a kernel without schedstat: in steps of 10 ms
    uint64_t u, s; ticks(pid, &u, &s); sum = (u + s) * (1000000000ull / sysconf(_SC_CLK_TCK));
  }
  return sum;
}

// the distribution, at the same points as in ../load.go
static void dist(uint64_t total) {
  static const double at[] = {.01, .05, .1, .2, .3, .4, .5, .6, .7, .8, .9, .95, .98, .99, .995, .999, .9999};
  printf("\"dist\":[");
  for (unsigned i = 0; i < sizeof at / sizeof *at; i++) printf("%s%.2f", i ? "," : "", hq(at[i], total) / 1e3);
  printf("]}\n");
}

typedef struct { int fd; uint32_t tx, rx, out; uint64_t seq, t0; char *msg; } conn;
static struct sockaddr_in sa;
static int msz = 64;
static char *rbuf;

static int dial(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); if (fd < 0) die("socket");
  int one = 1; setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct linger l = {1, 0}; setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
  if (connect(fd, (void *)&sa, sizeof sa) < 0) die("connect");
  return fd;
}
static void once(int fd) { // one blocking 64-byte round trip: the server has accepted and registered it
  char a[64], b[64]; memset(a, 'i', 64); memcpy(a, &fd, sizeof fd);
  if (send(fd, a, 64, 0) != 64) die("send idle");
  if (recv(fd, b, 64, MSG_WAITALL) != 64 || memcmp(a, b, 64)) die("echo idle");
}
static void stamp(conn *c) { c->seq++; uint64_t s = c->seq * 0x9e3779b97f4a7c15ull ^ c->fd; memcpy(c->msg, &s, msz < 8 ? msz : 8); c->tx = c->rx = 0; }
static void push(int ep, conn *c) {
  while (c->tx < (uint32_t)msz) {
    ssize_t n = send(c->fd, c->msg + c->tx, msz - c->tx, MSG_NOSIGNAL);
    if (n < 0) { if (errno == EAGAIN) break; die("send"); }
    c->tx += n;
  }
  uint32_t want = c->tx < (uint32_t)msz;
  if (want != c->out) {
    struct epoll_event ev = {.events = EPOLLIN | (want ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev) < 0) die("mod");
    c->out = want;
  }
}

int main(int ac, char **av) {
  char *host = "127.0.0.1"; int port = 0, n = 100, idle = 0, pid = 0, hold = 0, spin = 0, cm = 0, clk = 0; double secs = 2, warm = 0.3; int o;
  while ((o = getopt(ac, av, "a:c:m:t:w:i:P:H:sAC")) != -1) switch (o) {
    case 'a': { char *k = strrchr(optarg, ':'); if (k) { *k = 0; host = optarg; port = atoi(k + 1); } break; }
    case 'c': n = atoi(optarg); break; case 'm': msz = atoi(optarg); break; case 't': secs = atof(optarg); break;
    case 'w': warm = atof(optarg); break; case 'i': idle = atoi(optarg); break; case 'P': pid = atoi(optarg); break;
    case 'H': hold = atoi(optarg); break; case 's': spin = 1; break; case 'A': cm = 1; break; case 'C': clk = 1; break; default: return 2; }
  if (clk) { uint64_t t = pid ? cpu_ns(pid) : 0; if (!t) { fprintf(stderr, "load: no CPU time of process %d\n", pid); return 1; } printf("%llu\n", (unsigned long long)t); return 0; }
  if (secs > 60) secs = 60;
  struct rlimit rl; getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl);
  sa.sin_family = AF_INET; sa.sin_port = htons(port); if (inet_pton(AF_INET, host, &sa.sin_addr) != 1) return 2;
  if ((ntohl(sa.sin_addr.s_addr) >> 24) != 127) { fprintf(stderr, "loopback only\n"); return 2; }
  uint64_t tc = now();
  for (int i = 0; i < idle; i++) once(dial());
  double setup = (now() - tc) / 1e9;
  if (hold) { // memory mode: print a line when all idle connections are up, then hold them for a bounded time or until stdin closes
    printf("{\"ready\":%d,\"setup_s\":%.3f}\n", idle, setup); fflush(stdout);
    struct pollfd p = {0, POLLIN, 0}; poll(&p, 1, hold * 1000); return 0;
  }
  if (cm) { // batches of up to 32: connect and send all, then receive and verify all, then reset all
    int k = n < 32 ? n : 32, fds[32]; char a[64], b[64]; memset(a, 'c', 64);
    uint64_t t1 = now() + (uint64_t)(warm * 1e9), done = 0, t2 = t1 + (uint64_t)(secs * 1e9), c0 = 0, t, ts = t1; int on = 0;
    while ((t = now()) < t2) {
      if (!on && t >= t1) { on = 1; ts = t; c0 = pid ? cpu_ns(pid) : 0; }
      uint64_t s = now();
      for (int i = 0; i < k; i++) { fds[i] = dial(); memcpy(a, &i, sizeof i); if (send(fds[i], a, 64, MSG_NOSIGNAL) != 64) die("send"); }
      for (int i = 0; i < k; i++) { memcpy(a, &i, sizeof i); if (recv(fds[i], b, 64, MSG_WAITALL) != 64 || memcmp(a, b, 64)) die("echo"); }
      for (int i = 0; i < k; i++) close(fds[i]);
      if (on) { done += k; hadd((now() - s) / k); }
    }
    double el = (now() - ts) / 1e9, d = done ? done : 1; uint64_t c1 = pid ? cpu_ns(pid) : 0, h = done / k;
    printf("{\"rps\":%.0f,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"cpu_us\":%.3f,\"util\":%.3f,\"requests\":%.0f,", done / el, hq(.5, h) / 1e3, hq(.99, h) / 1e3, hq(.999, h) / 1e3, (c1 - c0) / 1e3 / d, (c1 - c0) / 1e9 / el, (double)done);
    dist(h);
    return 0;
  }
  rbuf = malloc(1 << 18);
  conn *cs = calloc(n, sizeof *cs); int ep = epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < n; i++) {
    conn *c = &cs[i]; c->fd = dial(); once(c->fd); fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->msg = malloc(msz); for (int k = 0; k < msz; k++) c->msg[k] = (char)(k * 31 + i);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev) < 0) die("add");
  }
  uint64_t t = now(), t1 = t + (uint64_t)(warm * 1e9), t2 = t1 + (uint64_t)(secs * 1e9), ts = 0, c0 = 0, done = 0, me0 = 0; int on = 0;
  for (int i = 0; i < n; i++) { stamp(&cs[i]); cs[i].t0 = now(); push(ep, &cs[i]); }
  struct epoll_event evs[256];
  for (;;) {
    int k = epoll_wait(ep, evs, 256, spin ? 0 : 1000);
    if (k < 0) { if (errno == EINTR) continue; die("epoll_wait"); }
    if (k == 0) { t = now(); if (t > t2 + 2000000000ull) { fprintf(stderr, "load: stalled\n"); return 1; } if (t >= t2 && spin) break; }
    for (int i = 0; i < k; i++) {
      conn *c = evs[i].data.ptr;
      if (c->out && (evs[i].events & EPOLLOUT)) push(ep, c);
      if (!(evs[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))) continue;
      ssize_t r = recv(c->fd, rbuf, 1 << 18, 0);
      if (r < 0) { if (errno == EAGAIN) continue; die("recv"); }
      if (r == 0) { fprintf(stderr, "load: server closed\n"); return 1; }
      if (c->rx + r > (uint32_t)msz || memcmp(rbuf, c->msg + c->rx, r)) { fprintf(stderr, "load: MISMATCH\n"); return 1; }
      c->rx += r;
      if (c->rx == (uint32_t)msz) {
        t = now();
        if (on) { done++; hadd(t - c->t0); }
        stamp(c); c->t0 = t; push(ep, c);
      }
    }
    if (!on) { if (t >= t1) { on = 1; if (pid) c0 = cpu_ns(pid); me0 = cpu_ns(getpid()); ts = now(); } }
    else if (t >= t2) break;
  }
  uint64_t te = now(), c1 = 0, me1 = cpu_ns(getpid());
  if (pid) c1 = cpu_ns(pid);
  double el = (te - ts) / 1e9, d = done ? done : 1;
  printf("{\"rps\":%.0f,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"cpu_us\":%.3f,\"util\":%.3f,\"self_util\":%.3f,\"requests\":%.0f,",
         done / el, hq(.5, done) / 1e3, hq(.99, done) / 1e3, hq(.999, done) / 1e3, (c1 - c0) / 1e3 / d, (c1 - c0) / 1e9 / el, (me1 - me0) / 1e9 / el, (double)done);
  dist(done);
  return 0;
}
