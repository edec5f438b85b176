package sock

import (
	"io"

	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Send sends p to the peer: one send(2), which the kernel calls sendto. On a stream n may be
// less than len(p), in blocking mode too: the call waits only until there is room for any
// byte. A datagram is sent whole or not at all. An empty p is an empty datagram; on a stream
// it sends nothing.
//
// Errors: [ErrWouldBlock], EPIPE (this side is shut, or the peer has closed; no signal is
// raised), ECONNRESET, ENOTCONN, EDESTADDRREQ (a datagram socket without a peer), EMSGSIZE (too
// long a datagram), ECONNREFUSED (no socket received an earlier datagram; this one was not
// sent), EOPNOTSUPP (flags), ENOBUFS.
//
// Source: send(2).
func (s *Socket) Send(p []byte, flags Flags) (n int, err error) {
	return s.sendto("send", p, flags, nil)
}

// Recv receives into p: one recv(2), which the kernel calls recvfrom. The result is the
// kernel's: (0, nil) is the end of a stream, an empty datagram, a datagram socket that was
// shut for reading, or an empty p, which waits for data all the same. A loop that tests only
// the error never ends at the end of a stream. The part of a datagram that does not fit is
// lost; [Socket.RecvMsg] reports that.
//
// With WaitAll, in blocking mode, a stream's p is filled by several calls; if they stop early
// n bytes were received and err is the reason. With Peek as well it is one call.
//
// Errors: [ErrWouldBlock], ECONNRESET, ECONNREFUSED, ETIMEDOUT, ENOTCONN (not connected),
// EINVAL (OOB: no urgent data).
//
// Source: recv(2).
func (s *Socket) Recv(p []byte, flags Flags) (n int, err error) {
	return s.recvfrom("recv", p, flags, nil)
}

// sendto and recvfrom are hot: where nobody traces them, and the call does not sleep, they
// make it themselves instead of callSendto and callRecvfrom. See sys.RawMax and sockfd.Brief.

func (s *Socket) sendto(op string, p []byte, flags Flags, to *Addr) (int, error) {
	if flags&unsendable != 0 {
		return 0, s.refusedFlags(op, flags)
	}
	tries := 0
	for {
		var n int
		var e sys.Errno
		if len(p) > sys.RawMax || detour.Load() != 0 || to.isUnix() {
			n, e = s.callSendto(p, flags, to)
		} else if e = s.fd.AcquireBrief(sockfd.WriteDeadline); e == sockfd.ErrnoNotBrief {
			n, e = s.callSendto(p, flags, to)
		} else if e == 0 {
			var sent uintptr
			sent, e = sys.RawSendto(s.fd.Sysfd, p, int(flags|DontWait)|sys.SendFlags, to.bytes())
			if n = int(sent); s.fd.Release() {
				s.fd.Destroy()
			}
		}
		if e == 0 {
			return n, nil
		}
		if e == sys.EINPROGRESS && flags&fastOpenIfAny != 0 {
			if e = s.fastOpening(flags); e == 0 {
				flags, to = flags&^FastOpen, nil
				continue
			}
		}
		if e = s.fd.Retry(e, sockfd.Write, int(flags), &tries); e != 0 {
			return 0, s.addrResult(op, to, e)
		}
	}
}

// awaitsData polls before a receive without room on kernels that return 0 for it at once,
// whether there is data or not. 0: make the call.
func (s *Socket) awaitsData(room bool, flags Flags) sys.Errno {
	if sys.EmptyReceiveWaits || room || flags&OOB != 0 {
		return 0
	}
	return s.pollData()
}

func (s *Socket) pollData() sys.Errno {
	got, e := s.fd.Poll(sys.POLLIN|sys.POLLRDHUP, sockfd.ReadDeadline)
	if e != 0 || got != 0 {
		return e
	}
	if s.Type().connected() {
		// Poll reports nothing of a socket that is not connected. A peek takes
		// nothing away, and returns ENOTCONN for it.
		if _, e = s.callRecvfrom(nil, Peek|DontWait, nil); e != 0 {
			return e
		}
	}
	return sys.EAGAIN
}

func (s *Socket) recvfrom(op string, p []byte, flags Flags, from *sys.Name) (int, error) {
	if flags < 0 {
		return 0, s.unsupportedOrClosed(op, "a flag")
	}
	tries, done := 0, 0
	if s.fd.State()&(sockfd.ReadWaited|sockfd.Nonblock) == sockfd.ReadWaited { // else neither is for us
		if s.fd.Yield(int(flags)) {
			tries = sockfd.Yielded
		} else if e := s.fd.Prepare(sockfd.Read, int(flags), &tries); e != 0 {
			return 0, opResult(op, e)
		}
	}
	for {
		var n int
		var e sys.Errno
		if e = s.awaitsData(len(p) > 0, flags); e != 0 {
			// no data: the call would not wait for it
		} else if rest := p[done:]; len(rest) > sys.RawMax || detour.Load() != 0 {
			n, e = s.callRecvfrom(rest, flags, from)
		} else if e = s.fd.AcquireBrief(sockfd.ReadDeadline); e == sockfd.ErrnoNotBrief {
			n, e = s.callRecvfrom(rest, flags, from)
		} else if e == 0 {
			var got uintptr
			name, size := from.Room()
			got, e = sys.RawRecvfrom(s.fd.Sysfd, rest, int(flags&^sys.MayBlockFlags|DontWait), name, size)
			if n = int(got); s.fd.Release() {
				s.fd.Destroy()
			}
		}
		if e == 0 {
			if done += n; n == 0 || done >= len(p) || flags&WaitAll == 0 || !s.fills(flags) {
				return done, nil
			}
			tries = 0
			continue
		}
		if e = s.fd.Retry(e, sockfd.Read, int(flags), &tries); e != 0 {
			return done, opResult(op, e)
		}
	}
}

// fills reports whether WaitAll makes a call of this Socket wait: the kernel does not for a
// non-blocking descriptor. Peeked data stays, and readiness does not report more of it.
func (s *Socket) fills(flags Flags) bool {
	return s.Type() == Stream && flags&(immediate|Peek) == 0 && s.fd.State()&sockfd.Nonblock == 0
}

// Read receives into p as io.Reader requires: recv(2), and io.EOF at the end of a stream or of
// a sequence of packets. An empty datagram is not an end. An empty p makes no call.
//
// Errors: those of [Socket.Recv].
//
// Source: recv(2).
func (s *Socket) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, opError("read", Addr{}, s.fd.Check(sockfd.ReadDeadline))
	}
	n, err := s.recvfrom("read", p, 0, nil)
	if n == 0 && err == nil && s.Type().connected() {
		return 0, io.EOF
	}
	return n, err
}

// Write sends all of p as io.Writer requires: send(2) as often as needed, waiting between.
// Writes of several goroutines do not interleave; Sends may fall between. On a socket of
// messages it sends p as one message, even an empty one. If it stops early n bytes were sent.
//
// In non-blocking mode it stops with [ErrWouldBlock], also while another Write is in progress.
//
// Errors: those of [Socket.Send].
//
// Source: send(2).
func (s *Socket) Write(p []byte) (int, error) {
	if s.Type() != Stream {
		return s.sendto("write", p, 0, nil)
	}
	if len(p) == 0 {
		return 0, opError("write", Addr{}, s.fd.Check(sockfd.WriteDeadline))
	}
	if e := s.fd.LockWrite(); e != 0 {
		return 0, opResult("write", e)
	}
	defer s.fd.UnlockWrite()
	for done := 0; ; {
		n, err := s.sendto("write", p[done:], 0, nil)
		if done += n; done == len(p) || err != nil {
			return done, err
		}
	}
}

// Readv receives into the buffers in order: one recvmsg(2), since readv(2) has no flag against
// waiting. The count may be short; io.EOF as [Socket.Read]. On a stream buffers beyond 1,024
// (IOV_MAX) are left for the next call.
//
// Errors: those of [Socket.Recv]; EINVAL (no buffers), EMSGSIZE (too many, for a message).
//
// Source: readv(2), recvmsg(2).
func (s *Socket) Readv(bufs [][]byte) (int, error) {
	bufs, err := s.vectors("readv", bufs)
	if err != nil {
		return 0, err
	}
	tries := 0
	if e := s.fd.Prepare(sockfd.Read, 0, &tries); e != 0 {
		return 0, opResult("readv", e)
	}
	hasRoom := room(bufs)
	for {
		n, e := 0, s.awaitsData(hasRoom, 0)
		if e == 0 {
			n, _, _, e = s.callRecvmsg(bufs, nil, nil, 0)
		}
		if e == 0 {
			if n == 0 && s.Type().connected() && hasRoom {
				return 0, io.EOF
			}
			return n, nil
		}
		if e = s.fd.Retry(e, sockfd.Read, 0, &tries); e != 0 {
			return 0, opResult("readv", e)
		}
	}
}

// Writev sends the buffers in order: one sendmsg(2), since writev(2) has no flag against
// waiting. On a stream the count may be short, and buffers beyond 1,024 are left, as with
// [Socket.Readv].
//
// Errors: those of [Socket.Send]; EINVAL (no buffers), EMSGSIZE (too many, for a message).
//
// Source: writev(2), sendmsg(2).
func (s *Socket) Writev(bufs [][]byte) (int, error) {
	bufs, err := s.vectors("writev", bufs)
	if err != nil {
		return 0, err
	}
	tries := 0
	for {
		n, e := s.callSendmsg(bufs, nil, nil, 0)
		if e == 0 {
			return n, nil
		}
		if e = s.fd.Retry(e, sockfd.Write, 0, &tries); e != 0 {
			return 0, opResult("writev", e)
		}
	}
}

// vectors returns as many buffers as one call takes.
func (s *Socket) vectors(op string, bufs [][]byte) ([][]byte, error) {
	switch {
	case len(bufs) == 0:
		return nil, invalidInput(op, "no buffers")
	case len(bufs) <= sys.MaxVectors:
		return bufs, nil
	case s.Type() == Stream:
		return bufs[:sys.MaxVectors], nil
	}
	return nil, opError(op, Addr{}, sys.EMSGSIZE)
}

func room(bufs [][]byte) bool {
	for _, b := range bufs {
		if len(b) > 0 {
			return true
		}
	}
	return false
}

// AtMark reports whether the stream is at the mark of urgent data: ioctl(2) with SIOCATMARK.
// Send(p, OOB) sends urgent data: the last byte of p. The receiver sees it as Priority,
// receives the byte with Recv(b, OOB), and finds its place in the stream with AtMark, since
// one receive does not pass the mark.
//
// Errors: EINVAL, ENOTTY (not a TCP socket).
//
// Source: sockatmark(3), tcp(7).
func (s *Socket) AtMark() (bool, error) {
	at := false
	args := "SIOCATMARK"
	e := s.guarded(func(fd int) (e sys.Errno) {
		if at, e = sys.AtMark(fd); at {
			args += ", [1]"
		} else if e == 0 {
			args += ", [0]"
		}
		return e
	}, func() Call { return Call{Name: "ioctl", Args: args} })
	return at, opError("atmark", Addr{}, e)
}
