// Package testhook gives the tests in tests/ access to state that package sock does not export.
// Package sock sets the functions.
package testhook

var (
	Registrations   func(poller any) int
	Slots           func(poller any) int
	PollOnce        func(poller, events any, between func()) (delivered, fetched int, err error)
	ZeroCopyPending func(socket any) int
	ZeroCopyClosed  func() (sockets, bytes int, forGood int64)
	Nosched         func(socket any) bool
	Brief           func(socket any) bool
	Detour          func() uint32                   // not 0 while transfers leave the fast path
	Ops             func(socketOrPoller any, n int) // adds to the count of operations in progress
	CloseNosched    func(socket any) bool
)
