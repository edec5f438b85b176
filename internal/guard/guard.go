// Package guard lets many goroutines use a thing that one of them may end: one
// atomic word counts who is inside, and the last to leave after the end is
// told so, once. The thing is a descriptor, whose number must not be closed,
// and so be another's, while a call that holds it is under way.
package guard

import "sync/atomic"

// A Word is the guard. Its zero value is open, with nobody inside.
//
//	31      30      29    28..20  19..0
//	closed  sealed  gone  user    how many are inside
type Word struct{ w atomic.Uint32 }

const (
	Closed = 1 << 31 // Close was called
	sealed = 1 << 30 // someone was told to end the thing
	gone   = 1 << 29 // it has ended

	// User is the first of nine bits that the owner gives a meaning.
	User = 1 << 20
	refs = User - 1
)

// Enter counts the caller in and returns the word, so that one atomic add tells
// everything. Whoever finds Closed in it has come too late, and must Leave at
// once.
func (g *Word) Enter() (state uint32) { return g.w.Add(1) }

// Leave undoes Enter, and reports whether the caller must end the thing.
func (g *Word) Leave() (last bool) {
	state := g.w.Add(^uint32(0))
	return state&Closed != 0 && state&refs == 0 && g.seal()
}

// Close marks the end. First is false if it was marked before; last tells the
// caller that nobody is inside and that it must end the thing.
func (g *Word) Close() (first, last bool) {
	old := g.w.Or(Closed)
	if old&Closed != 0 {
		return false, false
	}
	return true, old&refs == 0 && g.seal()
}

// seal picks one of those who saw the word closed and empty: a latecomer's
// add and subtract can show that moment to several.
func (g *Word) seal() bool {
	for {
		old := g.w.Load()
		if old&sealed != 0 || old&refs != 0 {
			return false
		}
		if g.w.CompareAndSwap(old, old|sealed) {
			return true
		}
	}
}

// SetGone notes that the thing has ended; Gone reports it.
func (g *Word) SetGone()   { g.w.Or(gone) }
func (g *Word) Gone() bool { return g.w.Load()&gone != 0 }

// Alone reports whether one caller is inside, and nobody comes in any more.
func (g *Word) Alone() bool { return g.w.Load()&(Closed|refs) == Closed|1 }

// State returns the word, for its Closed and user bits.
func (g *Word) State() uint32 { return g.w.Load() }

// Set and Clear change user bits.
func (g *Word) Set(bits uint32)   { g.w.Or(bits) }
func (g *Word) Clear(bits uint32) { g.w.And(^bits) }
