// Package refcount provides a reference count for a resource that one goroutine
// may close while others use it. The count and the state of the resource share
// one atomic word.
//
// Invariant: after Close exactly one caller destroys the resource, and only when
// no reference is left. For a descriptor this means that close(2) runs after the
// last system call on it, so that no call reaches a reused descriptor number.
package refcount

import "sync/atomic"

// A Count is a reference count with state bits. Its zero value is open and has
// no references.
//
//	31      30       29         28..21  20        19..0
//	closed  claimed  destroyed  user    Overflow  references
type Count struct{ w atomic.Uint32 }

const (
	Closed    = 1 << 31 // Close was called
	claimed   = 1 << 30 // one caller has the duty to destroy the resource
	destroyed = 1 << 29 // the resource is destroyed

	// User is the first of eight bits whose meaning the owner defines.
	User      = 1 << 21
	countMask = User - 1

	// Overflow is the bit above the references: it is set while there are more than
	// Max. The caller of Acquire must then Release at once. Another Max references
	// would have to come before that to reach the bits of the owner.
	Overflow = 1 << 20
	Max      = Overflow - 1
)

// Acquire takes a reference and returns the word. It is one atomic add, so a caller
// learns the whole state at no extra cost. If the word has Closed or Overflow, the
// resource must not be used: the caller must Release at once.
func (c *Count) Acquire() (state uint32) { return c.w.Add(1) }

// Release gives a reference back, and reports whether the caller must destroy the
// resource.
func (c *Count) Release() (last bool) {
	state := c.w.Add(^uint32(0))
	return state&Closed != 0 && state&countMask == 0 && c.claimDestroy()
}

// Close sets Closed. First is false if Closed was set before. Last reports that
// there are no references and that the caller must destroy the resource.
func (c *Count) Close() (first, last bool) {
	old := c.w.Or(Closed)
	if old&Closed != 0 {
		return false, false
	}
	return true, old&countMask == 0 && c.claimDestroy()
}

// claimDestroy returns true to exactly one caller. Several callers may see the
// word closed without references, because an Acquire after Close adds and
// subtracts one.
func (c *Count) claimDestroy() bool {
	for {
		old := c.w.Load()
		if old&claimed != 0 || old&countMask != 0 {
			return false
		}
		if c.w.CompareAndSwap(old, old|claimed) {
			return true
		}
	}
}

// SetDestroyed records that the resource is destroyed. Destroyed reports it.
func (c *Count) SetDestroyed()   { c.w.Or(destroyed) }
func (c *Count) Destroyed() bool { return c.w.Load()&destroyed != 0 }

// Unique reports whether the word is closed and has one reference, the caller's.
// No other reference can be taken then.
func (c *Count) Unique() bool { return c.w.Load()&(Closed|countMask) == Closed|1 }

// Add takes n references at once, for tests.
func (c *Count) Add(n uint32) { c.w.Add(n) }

// State returns the word, for Closed and the user bits.
func (c *Count) State() uint32 { return c.w.Load() }

// Set and Clear change user bits.
func (c *Count) Set(bits uint32)   { c.w.Or(bits) }
func (c *Count) Clear(bits uint32) { c.w.And(^bits) }
