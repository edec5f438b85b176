package sys

import "golang.org/x/sys/unix"

// ENONET is a network's failure that accept(2) shows, on Linux alone.
const ENONET = unix.ENONET
