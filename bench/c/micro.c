// The reference of the micro-benchmarks: the same work as ../micro/sock and ../micro/net, in C.
// Each line of the standard input is NAME SIZE N: do the work NAME, of size SIZE, N times. The answer is a line:
// the nanoseconds of wall-clock time and of CPU time. The first line of a work opens its sockets; that is not counted.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif
#define MIB (1 << 20)
#define CHUNK (256 << 10)

static uint64_t at(clockid_t c) { struct timespec t; clock_gettime(c, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }
static void die(const char *m) { fprintf(stderr, "micro: %s: %s\n", m, strerror(errno)); exit(1); }
#define CK(x) ({ long _r = (x); if (_r < 0) die(#x); _r; })
// Data has normally arrived at once; sometimes the kernel delivers it a moment later.
#define SOON(x) ({ long _r; do _r = (x); while (_r < 0 && errno == EAGAIN); if (_r < 0) die(#x); _r; })

static int A, B, C, D, sz; // the sockets, and the size of a message
static char sb[MIB], rb[MIB];
static int one = 1;

static void nb(int fd) { CK(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK)); }
static struct sockaddr_in any(void) { struct sockaddr_in s = {.sin_family = AF_INET}; s.sin_addr.s_addr = htonl(INADDR_LOOPBACK); return s; }
static int lsn(struct sockaddr_in *sa) {
  int l = CK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); socklen_t n = sizeof *sa; *sa = any();
  CK(bind(l, (void *)sa, n)); CK(listen(l, 4096)); CK(getsockname(l, (void *)sa, &n)); return l;
}
static void tcp(int *a, int *b) {
  struct sockaddr_in sa; int l = lsn(&sa); *a = CK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CK(connect(*a, (void *)&sa, sizeof sa)); *b = CK(accept4(l, 0, 0, SOCK_CLOEXEC)); close(l);
  CK(setsockopt(*a, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one)); CK(setsockopt(*b, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one));
}
static void put(int fd, const char *p, long n) { while (n) { ssize_t k = send(fd, p, n, MSG_NOSIGNAL); if (k <= 0) die("send"); p += k; n -= k; } }
static void get(int fd, char *p, long n) { while (n) { ssize_t k = recv(fd, p, n, 0); if (k <= 0) die("recv"); p += k; n -= k; } }

// Two threads; each waits for the other in its call.
static void *echoes(void *n) { char b[65536]; for (long i = (long)n; i; i--) { get(B, b, sz); put(B, b, sz); } return 0; }
static void pingpong(long n) { pthread_t t; CK(-pthread_create(&t, 0, echoes, (void *)n)); while (n--) { put(A, sb, sz); get(A, rb, sz); } pthread_join(t, 0); }
static void pingpong_open(void) { tcp(&A, &B); }

// Neither side waits.
static void sendrecv(long n) {
  while (n--) { if (send(A, sb, sz, MSG_NOSIGNAL) != sz) die("send"); if (SOON(recv(B, rb, sz, 0)) != sz) die("recv"); }
}
static void pair_open(void) { int p[2]; CK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, p)); A = p[0]; B = p[1]; }
static void sendrecv_tcp_open(void) { tcp(&A, &B); nb(A); nb(B); }

// A client and a server under epoll, in one thread.
static int EP;
static void loop(long n) {
  struct epoll_event e[64];
  while (n--) {
    if (send(A, sb, sz, MSG_NOSIGNAL) != sz) die("send");
    int k = CK(epoll_wait(EP, e, 64, -1));
    for (int i = 0; i < k; i++) { ssize_t r = SOON(recv(e[i].data.fd, rb, sizeof rb, 0)); if (send(e[i].data.fd, rb, r, MSG_NOSIGNAL) != r) die("send"); }
    if (SOON(recv(A, rb, sz, 0)) != sz) die("recv");
  }
}
static void loop_open(void) { sendrecv_tcp_open(); C = EP = CK(epoll_create1(EPOLL_CLOEXEC)); struct epoll_event e = {.events = EPOLLIN, .data.fd = B}; CK(epoll_ctl(EP, EPOLL_CTL_ADD, B, &e)); }

// A connection, both sides of it, and its reset.
static struct sockaddr_in L;
static void connects(long n) {
  struct linger lg = {1, 0};
  while (n--) {
    int c = CK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); struct sockaddr_in p; socklen_t l = sizeof p;
    if (connect(c, (void *)&L, sizeof L) < 0 && errno != EINPROGRESS) die("connect");
    int s = CK(accept4(A, (void *)&p, &l, SOCK_CLOEXEC | SOCK_NONBLOCK));
    CK(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one)); CK(setsockopt(c, SOL_SOCKET, SO_LINGER, &lg, sizeof lg));
    CK(close(c)); CK(close(s));
  }
}
static void connects_open(void) { A = lsn(&L); }

static struct sockaddr_in U; // B's address
static void udp_open(void) {
  int v = 4 << 20; struct sockaddr_in s = any(); socklen_t l = sizeof U;
  A = CK(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); B = CK(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  CK(setsockopt(B, SOL_SOCKET, SO_RCVBUF, &v, sizeof v)); CK(setsockopt(A, SOL_SOCKET, SO_SNDBUF, &v, sizeof v));
  CK(bind(A, (void *)&s, sizeof s)); s.sin_port = 0; CK(bind(B, (void *)&s, sizeof s)); CK(getsockname(B, (void *)&U, &l));
}
static void udp(long n) {
  struct sockaddr_in f; socklen_t l;
  while (n--) { if (sendto(A, sb, sz, 0, (void *)&U, sizeof U) != sz) die("sendto"); l = sizeof f; if (SOON(recvfrom(B, rb, sizeof rb, 0, (void *)&f, &l)) != sz) die("recvfrom"); }
}

// Batches of sz datagrams of 64 bytes.
#define MOST 256
static struct mmsghdr sm[MOST], rm[MOST]; static struct iovec si[MOST], ri[MOST]; static struct sockaddr_in ra[MOST]; static char mb[MOST][2048];
static void batch_open(void) {
  udp_open(); if (sz > MOST) die("too many");
  for (int i = 0; i < sz; i++) {
    si[i] = (struct iovec){sb, 64}; sm[i].msg_hdr = (struct msghdr){.msg_name = &U, .msg_namelen = sizeof U, .msg_iov = &si[i], .msg_iovlen = 1};
    ri[i] = (struct iovec){mb[i], 2048}; rm[i].msg_hdr = (struct msghdr){.msg_name = &ra[i], .msg_namelen = sizeof ra[i], .msg_iov = &ri[i], .msg_iovlen = 1};
  }
}
static void batch(long n) {
  while (n--) {
    if (CK(sendmmsg(A, sm, sz, 0)) != sz) die("sendmmsg");
    for (int g = 0; g < sz;) { for (int i = 0; i < sz - g; i++) rm[i].msg_hdr.msg_namelen = sizeof ra[i]; g += SOON(recvmmsg(B, rm, sz - g, 0, 0)); }
  }
}

// sz datagrams of 1200 bytes in one send, cut by the kernel, and received in one.
static void gso_open(void) { udp_open(); CK(setsockopt(B, IPPROTO_UDP, UDP_GRO, &one, sizeof one)); }
static void gso(long n) {
  char cb[CMSG_SPACE(2)] = {0}, rc[64]; struct iovec v = {sb, sz * 1200}, w = {rb, 65536}; struct sockaddr_in f;
  struct msghdr m = {.msg_name = &U, .msg_namelen = sizeof U, .msg_iov = &v, .msg_iovlen = 1, .msg_control = cb, .msg_controllen = sizeof cb};
  struct cmsghdr *h = CMSG_FIRSTHDR(&m); h->cmsg_level = IPPROTO_UDP; h->cmsg_type = UDP_SEGMENT; h->cmsg_len = CMSG_LEN(2); *(uint16_t *)CMSG_DATA(h) = 1200;
  while (n--) {
    CK(sendmsg(A, &m, 0));
    for (int g = 0; g < sz * 1200;) { struct msghdr r = {.msg_name = &f, .msg_namelen = sizeof f, .msg_iov = &w, .msg_iovlen = 1, .msg_control = rc, .msg_controllen = sizeof rc}; g += SOON(recvmsg(B, &r, 0)); }
  }
}

// N MiB over TCP: from memory, from a file, and from one connection to another.
static void *eats(void *n) { static char b[CHUNK]; for (long i = (long)n * (MIB / CHUNK); i; i--) get(B, b, CHUNK); return 0; }
static void bulk(long n) { pthread_t t; CK(-pthread_create(&t, 0, eats, (void *)n)); for (long i = n * (MIB / CHUNK); i; i--) put(A, sb, CHUNK); pthread_join(t, 0); }
static long file_size;
static void sendfile_open(void) { tcp(&A, &B); char *f = getenv("BENCH_FILE"); C = CK(open(f ? f : "", O_RDONLY | O_CLOEXEC)); file_size = CK(lseek(C, 0, SEEK_END)); }
static void file(long n) {
  pthread_t t; CK(-pthread_create(&t, 0, eats, (void *)n)); off_t off = 0;
  for (long left = n * MIB; left;) { if (off == file_size) off = 0; long k = CK(sendfile(A, C, &off, left < file_size - off ? left : file_size - off)); left -= k; }
  pthread_join(t, 0);
}
static int P[2];
static void splice_open(void) { tcp(&A, &C); tcp(&D, &B); if (!P[0]) { CK(pipe2(P, O_CLOEXEC)); CK(fcntl(P[0], F_SETPIPE_SZ, MIB)); } }
static void *feeds(void *n) { for (long i = (long)n * (MIB / CHUNK); i; i--) put(A, sb, CHUNK); return 0; }
static void relay(long n) {
  pthread_t t, u; CK(-pthread_create(&t, 0, eats, (void *)n)); CK(-pthread_create(&u, 0, feeds, (void *)n));
  for (long left = n * MIB; left;) {
    long k = CK(splice(C, 0, P[1], 0, left < MIB ? left : MIB, SPLICE_F_MOVE)); left -= k;
    while (k) k -= CK(splice(P[0], 0, D, 0, k, SPLICE_F_MOVE));
  }
  pthread_join(t, 0); pthread_join(u, 0);
}

static const struct { const char *name; void (*open)(void), (*run)(long); } works[] = {
  {"pingpong", pingpong_open, pingpong}, {"sendrecv", pair_open, sendrecv}, {"sendrecv-tcp", sendrecv_tcp_open, sendrecv},
  {"poller", loop_open, loop}, {"connect", connects_open, connects}, {"udp", udp_open, udp}, {"batch", batch_open, batch}, {"gso", gso_open, gso},
  {"bulk", pingpong_open, bulk}, {"sendfile", sendfile_open, file}, {"splice", splice_open, relay}, {0, 0, 0}};

int main(void) {
  char line[200], name[64], was[64] = ""; int size; long n; memset(sb, 'x', sizeof sb);
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "%63s %d %ld", name, &size, &n) != 3) { fprintf(stderr, "micro: NAME SIZE N\n"); return 2; }
    int w = 0; while (works[w].name && strcmp(works[w].name, name)) w++;
    if (!works[w].name) { fprintf(stderr, "micro: no work %s\n", name); return 1; }
    if (strcmp(was, name) || size != sz) {
      int *all[] = {&A, &B, &C, &D}; for (int i = 0; i < 4; i++) { if (*all[i]) close(*all[i]); *all[i] = 0; }
      strcpy(was, name); sz = size; works[w].open();
    }
    uint64_t t = at(CLOCK_MONOTONIC), c = at(CLOCK_PROCESS_CPUTIME_ID); works[w].run(n);
    c = at(CLOCK_PROCESS_CPUTIME_ID) - c; t = at(CLOCK_MONOTONIC) - t; printf("%llu %llu\n", (unsigned long long)t, (unsigned long long)c); fflush(stdout);
  }
  return 0;
}
