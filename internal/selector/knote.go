package selector

import "github.com/berkeleysockets/sock/internal/sys"

// The decisions of the kqueue backend, without its calls, so that they are tested on
// every system.

// The filters of a descriptor, each with at most one knote.
const (
	readFilter = iota
	writeFilter
	exceptFilter
	numFilters
)

// A knote is one filter of a registration.
type knote struct {
	on        bool
	mode      Ready // Edge, OneShot
	closeOnly bool  // a low-water mark that no buffer reaches: the close and errors alone
}

// knotes returns the knotes of an interest.
//
// Except and closeOnly knotes may report readiness that was not requested: pipes and
// listeners have no low-water mark, macOS limits the mark to the size of the buffer,
// and the error of a datagram passes it. Level-triggered they would report that in each
// wait, and with OneShot it would consume them. They are Edge alone.
func knotes(want Ready) (k [numFilters]knote) {
	mode := want & (Edge | OneShot)
	switch {
	case want&Readable != 0:
		k[readFilter] = knote{on: true, mode: mode}
	case want&ReadClosed != 0, want&(Writable|WriteClosed) == 0: // the second for failures and hang-ups
		k[readFilter] = knote{on: true, mode: Edge, closeOnly: true}
	}
	switch {
	case want&Writable != 0:
		k[writeFilter] = knote{on: true, mode: mode}
	case want&WriteClosed != 0:
		k[writeFilter] = knote{on: true, mode: Edge, closeOnly: true}
	}
	if want&Priority != 0 {
		k[exceptFilter] = knote{on: true, mode: Edge}
	}
	return k
}

// A kchange is one change of a kqueue: EV_ADD, or EV_DELETE if the knote is not on.
type kchange struct {
	filter int
	knote
	optional bool // EPIPE is no failure: a pipe without a reader, whose other filter reports that
}

// A kstep is a change of one filter and what takes it back.
type kstep struct {
	do, undo [2]kchange
	n, m     int // how many of each
}

// ksteps returns the steps from one set of knotes to another. What may fail comes first,
// and what is not wanted any more goes last, so that a failure finds the old knotes as
// they were, or is taken back.
//
// EV_ADD of a knote that is there changes its token and its parameters, and not its
// mode: for that it must be deleted first.
func ksteps(old, want [numFilters]knote) (steps [numFilters]kstep, n int) {
	for pass := range 4 {
		for f := range numFilters {
			o, w := old[f], want[f]
			del := kchange{filter: f}
			add := kchange{filter: f, knote: w, optional: f == writeFilter && want[readFilter].on}
			back := kchange{filter: f, knote: o, optional: f == writeFilter && old[readFilter].on}
			var s kstep
			switch {
			case pass == 0 && !o.on && w.on:
				s = kstep{do: [2]kchange{add}, n: 1, undo: [2]kchange{del}, m: 1}
			case pass == 1 && o.on && w.on && o.mode != w.mode:
				s = kstep{do: [2]kchange{del, add}, n: 2, undo: [2]kchange{del, back}, m: 2}
			case pass == 2 && o.on && w.on && o.mode == w.mode:
				s = kstep{do: [2]kchange{add}, n: 1, undo: [2]kchange{back}, m: 1}
			case pass == 3 && o.on && !w.on:
				s = kstep{do: [2]kchange{del}, n: 1, undo: [2]kchange{back}, m: 1}
			default:
				continue
			}
			steps[n] = s
			n++
		}
	}
	return steps, n
}

// kchanges makes the changes from old to want by set, which is kevent(2) with one change
// and the token of the old or the new registration. After an error all is as before, as
// far as set allows that. To delete a knote that has ended is no error.
func kchanges(old, want [numFilters]knote, was, token uint64, set func(c kchange, token uint64) sys.Errno) sys.Errno {
	steps, n := ksteps(old, want)
	for i := range n {
		s := &steps[i]
		for _, c := range s.do[:s.n] {
			e := set(c, token)
			if e == 0 {
				continue
			}
			for ; i >= 0; i-- {
				s := &steps[i]
				for _, c := range s.undo[:s.m] {
					set(c, was)
				}
			}
			return e
		}
	}
	return 0
}
