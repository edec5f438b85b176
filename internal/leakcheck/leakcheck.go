// Package leakcheck reports each Socket that is opened and closed to a Tracker.
// Package socktest installs one, to find the Sockets that a test left open.
package leakcheck

import "sync/atomic"

// A Tracker receives the reports. It may keep a Socket reachable only as long as
// the Socket is open.
type Tracker interface {
	Opened(socket any, fd int)
	Closed(socket any)
}

// Current is the Tracker in use, or nil.
var Current atomic.Pointer[Tracker]

// Opened reports a new Socket to the Tracker.
func Opened(socket any, fd int) {
	if t := Current.Load(); t != nil {
		(*t).Opened(socket, fd)
	}
}

// Closed reports to the Tracker that a Socket was closed.
func Closed(socket any) {
	if t := Current.Load(); t != nil {
		(*t).Closed(socket)
	}
}
