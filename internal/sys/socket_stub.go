//go:build !linux && !freebsd && !darwin && !netbsd && !openbsd && !dragonfly

package sys

func Socket(domain, typ, proto int) (int, Errno)                            { return -1, ENOSYS }
func Socketpair(domain, typ, proto int) (a, b int, e Errno)                 { return -1, -1, ENOSYS }
func Bind(fd int, sa []byte) Errno                                          { return ENOSYS }
func Listen(fd, backlog int) Errno                                          { return ENOSYS }
func Connect(fd int, sa []byte) Errno                                       { return ENOSYS }
func Accept(fd int, from *Name) (int, Errno)                                { return -1, ENOSYS }
func Shutdown(fd, how int) Errno                                            { return ENOSYS }
func Getsockname(fd int, name *Name) Errno                                  { return ENOSYS }
func Getpeername(fd int, name *Name) Errno                                  { return ENOSYS }
func Getsockopt(fd, level, name int, b []byte) (int, Errno)                 { return 0, ENOSYS }
func Setsockopt(fd, level, name int, b []byte) Errno                        { return ENOSYS }
func Sendto(fd int, p []byte, flags int, to []byte, _ bool) (int, Errno)    { return 0, ENOSYS }
func Recvfrom(fd int, p []byte, flags int, from *Name, _ bool) (int, Errno) { return 0, ENOSYS }
func Sendmsg(fd int, bufs [][]byte, control, to []byte, flags int, _ bool) (int, Errno) {
	return 0, ENOSYS
}
func Recvmsg(fd int, bufs [][]byte, control []byte, from *Name, flags int, _ bool) (n, nc, rflags int, e Errno) {
	return 0, 0, 0, ENOSYS
}
func DisableSIGPIPE(fd int) Errno                      { return ENOSYS }
func Poll(fd int, events int16, _ bool) (int16, Errno) { return 0, ENOSYS }
