// Package track tells whoever asks of each Socket that is opened and closed:
// package socktest, which finds the ones that are left open.
package track

import "sync/atomic"

// A Tracker is told of Sockets, which it must not keep alive by more than
// their being open.
type Tracker interface {
	Opened(socket any, fd int)
	Closed(socket any)
}

// Current is the Tracker in use, if any.
var Current atomic.Pointer[Tracker]

// Opened and Closed tell it.
func Opened(socket any, fd int) {
	if t := Current.Load(); t != nil {
		(*t).Opened(socket, fd)
	}
}

func Closed(socket any) {
	if t := Current.Load(); t != nil {
		(*t).Closed(socket)
	}
}
