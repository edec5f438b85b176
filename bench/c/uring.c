// An echo server on io_uring, which goes beyond epoll: multishot accept and recv with a provided-buffer ring; one thread.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#define NBUF 16384
#define BSZ 2048
enum { ACC = 1, RCV, SND };
static struct io_uring R; static struct io_uring_buf_ring *br; static char *bufs;
static struct io_uring_sqe *sqe(void) { struct io_uring_sqe *s = io_uring_get_sqe(&R); if (!s) { io_uring_submit(&R); s = io_uring_get_sqe(&R); } return s; }
static void tag(struct io_uring_sqe *s, int op, int fd, int bid) { io_uring_sqe_set_data64(s, (uint64_t)op << 56 | (uint64_t)bid << 32 | (uint32_t)fd); }
static void arm(int fd) { struct io_uring_sqe *s = sqe(); io_uring_prep_recv_multishot(s, fd, 0, 0, 0); s->flags |= IOSQE_BUFFER_SELECT; s->buf_group = 1; tag(s, RCV, fd, 0); }
int main(int ac, char **av) {
  char *host = "127.0.0.1"; int port = 7000, one = 1, flags = 0;
  for (int i = 1; i + 1 < ac; i += 2) if (!strcmp(av[i], "-addr")) { char *k = strrchr(av[i + 1], ':'); *k = 0; host = av[i + 1]; port = atoi(k + 1); }
  alarm(900); struct rlimit rl; getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl);
  struct io_uring_params p = {.flags = IORING_SETUP_SINGLE_ISSUER | (1U << 13) /* DEFER_TASKRUN */ | IORING_SETUP_CQSIZE, .cq_entries = 32768}; (void)flags;
  if (io_uring_queue_init_params(8192, &R, &p)) { perror("uring"); return 1; }
  if (posix_memalign((void **)&br, 4096, NBUF * sizeof(struct io_uring_buf))) return 1;
  bufs = malloc((size_t)NBUF * BSZ); io_uring_buf_ring_init(br);
  struct io_uring_buf_reg reg = {.ring_addr = (uintptr_t)br, .ring_entries = NBUF, .bgid = 1};
  if (io_uring_register_buf_ring(&R, &reg, 0)) { perror("buf_ring"); return 1; }
  int mask = io_uring_buf_ring_mask(NBUF); for (int i = 0; i < NBUF; i++) io_uring_buf_ring_add(br, bufs + (size_t)i * BSZ, BSZ, i, mask, i); io_uring_buf_ring_advance(br, NBUF);
  struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)}; inet_pton(AF_INET, host, &sa.sin_addr);
  int ls = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(ls, (void *)&sa, sizeof sa) || listen(ls, 4096)) { perror("bind"); return 1; }
  struct io_uring_sqe *s = sqe(); io_uring_prep_multishot_accept(s, ls, 0, 0, SOCK_CLOEXEC); tag(s, ACC, ls, 0);
  for (;;) {
    io_uring_submit_and_wait(&R, 1); unsigned head, n = 0; struct io_uring_cqe *c;
    io_uring_for_each_cqe(&R, head, c) { n++; uint64_t u = c->user_data; int op = u >> 56, bid = (u >> 32) & 0xffffff, fd = (uint32_t)u;
      if (op == ACC) { if (c->res >= 0) { setsockopt(c->res, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); arm(c->res); } if (!(c->flags & IORING_CQE_F_MORE)) { s = sqe(); io_uring_prep_multishot_accept(s, ls, 0, 0, SOCK_CLOEXEC); tag(s, ACC, ls, 0); } }
      else if (op == RCV) { if (c->res <= 0) { if (c->res == -105) arm(fd); else close(fd); continue; }
        int b = c->flags >> IORING_CQE_BUFFER_SHIFT; s = sqe(); io_uring_prep_send(s, fd, bufs + (size_t)b * BSZ, c->res, MSG_NOSIGNAL | MSG_WAITALL); tag(s, SND, fd, b); if (!(c->flags & IORING_CQE_F_MORE)) arm(fd); }
      else { io_uring_buf_ring_add(br, bufs + (size_t)bid * BSZ, BSZ, bid, mask, 0); io_uring_buf_ring_advance(br, 1); } }
    io_uring_cq_advance(&R, n);
  }
}
