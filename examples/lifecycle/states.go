package main

import (
	"runtime"

	"github.com/berkeleysockets/sock"
)

// An end is one of the two of a connection: its addresses, and its socket while
// there is one.
type end struct {
	*sock.Socket
	local, remote sock.Addr // not valid until Connect
	existed       bool      // as an end that the kernel knew
	which         string    // "1st ", where there are several
}

// Close ends the socket. The end may live on without.
func (e *end) Close() error {
	s := e.Socket
	e.Socket = nil
	return s.Close()
}

// unknown is the state of an end where the kernel cannot be asked.
const unknown = "?"

// keepsTimeWait: FreeBSD has no TIME_WAIT between two addresses of one computer
// (net.inet.tcp.nolocaltimewait). The end that closed first is closed at once.
const keepsTimeWait = runtime.GOOS != "freebsd"

// reached reports whether an end in state got is where the act wants it.
func reached(got, want string) bool {
	return got == want || got == unknown || want == "TIME_WAIT" && got == "CLOSE" && !keepsTimeWait
}

// state is the kernel's for e. An end that it does not know is "-" before its life,
// and "forgotten" after it; if there is a socket all the same that is CLOSE.
func (a *asker) state(e *end) (string, error) {
	held := ""
	if e.Socket != nil {
		var err error
		if held, err = a.held(e.Socket); err != nil {
			return "", err
		}
	}
	// In TIME_WAIT nothing is left in the socket: it is CLOSE, and what the kernel
	// remembers is elsewhere.
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
