package main

import (
	"runtime"

	"github.com/berkeleysockets/sock"
)

// An end is one of the two ends of a connection: its addresses, and its socket while
// there is one.
type end struct {
	*sock.Socket
	local, remote sock.Addr // not valid until Connect
	existed       bool      // the kernel has known it
	which         string    // "1st ", where there are several
}

// Close closes the socket. The end may live on in the kernel.
func (e *end) Close() error {
	s := e.Socket
	e.Socket = nil
	return s.Close()
}

// unknown is the state of an end if the kernel cannot be asked.
const unknown = "?"

// keepsTimeWait: FreeBSD has no TIME_WAIT between two addresses of one computer
// (net.inet.tcp.nolocaltimewait). The end that closed first is closed at once.
const keepsTimeWait = runtime.GOOS != "freebsd"

// reached reports whether state got of an end is the state that the act expects.
func reached(got, want string) bool {
	return got == want || got == unknown || want == "TIME_WAIT" && got == "CLOSE" && !keepsTimeWait
}

// state returns the kernel's state of e. An end that the kernel does not know is "-"
// before its life, and "forgotten" after it; with a socket it is CLOSE.
func (a *asker) state(e *end) (string, error) {
	held := ""
	if e.Socket != nil {
		var err error
		if held, err = a.held(e.Socket); err != nil {
			return "", err
		}
	}
	// In TIME_WAIT the socket itself is CLOSE, and the kernel keeps its record elsewhere.
	if e.local.IsValid() && (held == "" || held == "CLOSE" || held == unknown) {
		state, err := a.between(e.local, e.remote)
		if err != nil {
			return "", err
		}
		if state != "" && (state != unknown || held == "") {
			held = state
		}
	}
	switch {
	case held != "":
		e.existed = true
		return held, nil
	case e.existed:
		return "forgotten", nil
	}
	return "-", nil
}
