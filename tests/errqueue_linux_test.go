package sock_test

import (
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/cmsg"
	"github.com/berkeleysockets/sock/sockopt"
)

// A closed port, over IPv4 and IPv6: the report names the machine and the reason.
func TestRecvErrRefused(t *testing.T) {
	t.Parallel()
	for network, c := range map[string]struct {
		option    [2]int
		origin    cmsg.Origin
		typ, code int
		offender  string
	}{
		"udp4": {[2]int{unix.IPPROTO_IP, unix.IP_RECVERR}, cmsg.OriginICMP, 3, 3, "127.0.0.1:0"},
		"udp6": {[2]int{unix.IPPROTO_IPV6, unix.IPV6_RECVERR}, cmsg.OriginICMP6, 1, 4, "[::1]:0"},
	} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			to := fullReceiver(t, network)
			s := open(t, to.Domain(), sock.Dgram)
			setInt(t, s, c.option[0], c.option[1], 1)
			if _, err := s.RecvErr(nil); err != sock.ErrWouldBlock {
				t.Fatal(err)
			}
			for _, room := range []int{9, 3, 0} {
				if _, err := s.SendTo([]byte("anyone?"), 0, to); err != nil {
					t.Fatal(err)
				}
				got, err := s.Wait(sock.Failed)
				if got != sock.Failed || err != nil {
					t.Fatal(got, err)
				}
				p := make([]byte, room)
				r, err := s.RecvErr(p)
				if err != nil {
					t.Fatal(err)
				}
				x := r.Extended
				if string(p[:r.N]) != "anyone?"[:min(room, 7)] || r.To != to || r.Flags&sock.ErrQueue == 0 || (r.Flags&sock.Trunc != 0) != (room < 7) {
					t.Errorf("%q to %v, %v", p[:r.N], r.To, r.Flags)
				}
				if x.Err != syscall.ECONNREFUSED || x.Origin != c.origin || x.Type != c.typ || x.Code != c.code || x.Offender != addr(t, c.offender).AddrPort() {
					t.Errorf("%+v", x)
				}
				if want := fmt.Sprintf("type %d code %d from %s: connection refused", c.typ, c.code, c.offender); x.String()[len(x.String())-len(want):] != want {
					t.Errorf("%v", x)
				}
				if _, err := s.RecvErr(p); err != sock.ErrWouldBlock {
					t.Errorf("another: %v", err)
				}
				// The error itself is pending besides, and is reported once.
				if v, err := sockopt.Error.Get(s); v != nil && v != syscall.ECONNREFUSED || err != nil {
					t.Error(v, err)
				}
			}
		})
	}
}

// In a Poller Failed is reported while there is something in the queue, level-triggered.
func TestRecvErrPoller(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	to := fullReceiver(t, "udp4")
	s := open(t, sock.Inet, sock.Dgram)
	s.SetNonblock(true)
	setInt(t, s, unix.IPPROTO_IP, unix.IP_RECVERR, 1)
	wantErr(t, p.Add(s, sock.Readable, nil), nil)
	if _, err := s.SendTo([]byte("x"), 0, to); err != nil {
		t.Fatal(err)
	}
	var events [4]sock.Event
	for range 2 { // it stays
		n, err := p.Wait(events[:], 10*time.Second)
		if n != 1 || err != nil || events[0].Ready != sock.Failed || events[0].Socket != s {
			t.Fatal(n, err, events[0])
		}
	}
	if v, err := sockopt.Error.Get(s); v != syscall.ECONNREFUSED || err != nil {
		t.Error(v, err)
	}
	if n, err := p.Wait(events[:], 10*time.Second); n != 1 || err != nil || events[0].Ready != sock.Failed { // the queue is not empty
		t.Fatal(n, err, events[0])
	}
	if r, err := s.RecvErr(nil); err != nil || r.Extended.Err != syscall.ECONNREFUSED {
		t.Error(r, err)
	}
	if n, err := p.Wait(events[:], 0); n != 0 || err != nil {
		t.Error("reported an empty queue: ", events[0].Ready, err)
	}
}

// A report has the time at which each datagram left, and its number.
func TestRecvErrTimestamps(t *testing.T) {
	t.Parallel()
	const flags = unix.SOF_TIMESTAMPING_TX_SOFTWARE | unix.SOF_TIMESTAMPING_SOFTWARE | unix.SOF_TIMESTAMPING_OPT_ID
	for name, more := range map[string]int{"with the packet": 0, "alone": unix.SOF_TIMESTAMPING_OPT_TSONLY, "scheduled too": unix.SOF_TIMESTAMPING_TX_SCHED} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, _, to := controlPair(t, "udp4", "")
			setInt(t, a, unix.SOL_SOCKET, unix.SO_TIMESTAMPING, flags|more)
			moments := map[cmsg.Moment]int{}
			for id := range 3 {
				before := time.Now()
				if _, err := a.SendTo([]byte("when"), 0, to); err != nil {
					t.Fatal(err)
				}
				reports := 1
				if more == unix.SOF_TIMESTAMPING_TX_SCHED {
					reports = 2
				}
				for range reports {
					var p [100]byte
					if _, err := a.Wait(sock.Failed); err != nil {
						t.Fatal(err)
					}
					r, err := a.RecvErr(p[:])
					wantErr(t, err, nil)
					got, moment, ok := r.Timestamp()
					if !ok || int(got) != id || r.Extended.Err != nil {
						t.Errorf("%+v, want number %d", r, id)
					}
					moments[moment]++
					if r.Time.Software.Before(before.Truncate(time.Microsecond)) || r.Time.Software.After(time.Now()) {
						t.Errorf("%v is not between %v and now", r.Time.Software, before)
					}
					if (r.N == 0) != (more == unix.SOF_TIMESTAMPING_OPT_TSONLY) {
						t.Errorf("%d bytes of the packet", r.N)
					}
				}
			}
			if want := 3; moments[cmsg.MomentSent] != want || more == unix.SOF_TIMESTAMPING_TX_SCHED && moments[cmsg.MomentScheduled] != want {
				t.Errorf("moments %v", moments)
			}
		})
	}
}

// One message requests a timestamp for itself only.
func TestRecvErrTimestampOfOne(t *testing.T) {
	t.Parallel()
	a, _, to := controlPair(t, "udp4", "")
	setInt(t, a, unix.SOL_SOCKET, unix.SO_TIMESTAMPING, unix.SOF_TIMESTAMPING_SOFTWARE)
	sendControl(t, a, "no", nil, to)
	sendControl(t, a, "yes", cmsg.AppendTimestamping(nil, unix.SOF_TIMESTAMPING_TX_SOFTWARE), to)
	if _, err := a.Wait(sock.Failed); err != nil {
		t.Fatal(err)
	}
	r, err := a.RecvErr(nil)
	if _, moment, ok := r.Timestamp(); err != nil || !ok || moment != cmsg.MomentSent || r.Time.Software.IsZero() {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := a.RecvErr(nil); err != sock.ErrWouldBlock {
		t.Error("a second: ", err)
	}
}

// On a stream: the time at which the peer has acknowledged it.
func TestRecvErrAcknowledged(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	setInt(t, a, unix.SOL_SOCKET, unix.SO_TIMESTAMPING, unix.SOF_TIMESTAMPING_TX_ACK|unix.SOF_TIMESTAMPING_SOFTWARE|unix.SOF_TIMESTAMPING_OPT_ID|unix.SOF_TIMESTAMPING_OPT_TSONLY)
	send(t, a, "hello")
	recv(t, b, 9, 0, "hello")
	if _, err := a.Wait(sock.Failed); err != nil {
		t.Fatal(err)
	}
	r, err := a.RecvErr(nil)
	if id, moment, ok := r.Timestamp(); err != nil || !ok || moment != cmsg.MomentAcknowledged || id != 4 {
		t.Errorf("%+v, %v", r, err)
	}
}

// The report may come from another machine: a closed port there, and a router for a
// machine that does not exist.
func TestRecvErrNetwork(t *testing.T) {
	if t.Parallel(); !alone(t) {
		return
	}
	wantErr(t, interfaceUp(1, nil), nil) // lo: of a host that does not exist this machine informs itself
	there := newNamespace(t)
	veth(t, 10, []netip.Prefix{netip.MustParsePrefix("10.9.0.1/24")}, there, []netip.Prefix{netip.MustParsePrefix("10.9.0.2/24")})
	for to, want := range map[string]cmsg.ExtendedError{
		"10.9.0.2:9":  {Err: syscall.ECONNREFUSED, Origin: cmsg.OriginICMP, Type: 3, Code: 3, Offender: addr(t, "10.9.0.2:0").AddrPort()},
		"10.9.0.77:9": {Err: syscall.EHOSTUNREACH, Origin: cmsg.OriginICMP, Type: 3, Code: 1, Offender: addr(t, "10.9.0.1:0").AddrPort()},
	} {
		s := open(t, sock.Inet, sock.Dgram)
		setInt(t, s, unix.IPPROTO_IP, unix.IP_RECVERR, 1)
		if _, err := s.SendTo([]byte("x"), 0, addr(t, to)); err != nil {
			t.Fatal(err)
		}
		wantErr(t, s.SetReadDeadline(time.Now().Add(20*time.Second)), nil)
		if _, err := s.Wait(sock.Failed); err != nil {
			t.Fatal(to, err)
		}
		r, err := s.RecvErr(nil)
		if err != nil || r.Extended != want || r.To != addr(t, to) {
			t.Errorf("%s: %+v, %v", to, r, err)
		}
	} // A packet that is larger than the way allows, and may not be cut: this machine
	// says how large one may be.
	s := open(t, sock.Inet, sock.Dgram)
	setInt(t, s, unix.IPPROTO_IP, unix.IP_RECVERR, 1)
	setInt(t, s, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO)
	_, err := s.SendTo(make([]byte, 3000), 0, addr(t, "10.9.0.2:9"))
	wantErr(t, err, syscall.EMSGSIZE)
	r, err := s.RecvErr(nil)
	if want := (cmsg.ExtendedError{Err: syscall.EMSGSIZE, Origin: cmsg.OriginLocal, Info: 1500}); err != nil || r.Extended != want {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAllocRecvErr(t *testing.T) {
	needRawCalls(t)
	to := fullReceiver(t, "udp4")
	s := open(t, sock.Inet, sock.Dgram)
	setInt(t, s, unix.IPPROTO_IP, unix.IP_RECVERR, 1)
	allocates(t, "RecvErr", 0, func() {
		var p [10]byte
		if _, err := s.SendTo(p[:], 0, to); err != nil {
			n, err := s.SendTo(p[:], 0, to) // the last one's error
			must(t, n, err, 10)
		}
		r, err := s.RecvErr(p[:])
		if err != nil || r.Extended.Err != syscall.ECONNREFUSED || r.To != to {
			t.Fatal(err)
		}
	})
}

// On sockets without an error queue the kernel would return data.
func TestRecvErrNone(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "pair")
	send(t, a, "data")
	_, err := b.RecvErr(make([]byte, 9))
	wantErr(t, err, errUnsupported)
	recv(t, b, 9, 0, "data")
}

// TestRecvErrPastDeadline shows that a passed read deadline does not keep reports in the queue.
func TestRecvErrPastDeadline(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Dgram, sockopt.IPRecvErr.With(true))
	if _, err := s.SendTo([]byte("anyone?"), 0, fullReceiver(t, "udp4")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Wait(sock.Failed); got != sock.Failed || err != nil {
		t.Fatal(got, err)
	}
	wantErr(t, s.SetDeadline(time.Unix(1, 0)), nil)
	if r, err := s.RecvErr(nil); r.Extended.Err != syscall.ECONNREFUSED || err != nil {
		t.Errorf("%+v, %v", r, err)
	}
	_, err := s.RecvErr(nil)
	wantErr(t, err, sock.ErrWouldBlock)
}
