package selector

import (
	"fmt"
	"testing"

	"github.com/berkeleysockets/sock/internal/sys"
)

// The changes of a kqueue, by the book: kqueue(2) of each system. No kqueue is needed.

// Which filters an interest has.
func TestKnotes(t *testing.T) {
	t.Parallel()
	var (
		level  = knote{on: true}
		edge   = knote{on: true, mode: Edge}
		once   = knote{on: true, mode: OneShot}
		closes = knote{on: true, mode: Edge, closeOnly: true}
		none   knote
	)
	for _, c := range []struct {
		want                Ready
		read, write, except knote
	}{
		{0, closes, none, none},
		{Readable, level, none, none},
		{Writable, none, level, none},
		{Readable | Writable, level, level, none},
		{Readable | Edge, edge, none, none},
		{Readable | Writable | OneShot, once, once, none},
		{ReadClosed, closes, none, none},
		{ReadClosed | OneShot, closes, none, none},
		{WriteClosed, none, closes, none},
		{ReadClosed | Writable, closes, level, none},
		{Readable | WriteClosed | OneShot, once, closes, none},
		{Priority, closes, none, edge},
		{Readable | Priority | OneShot, once, none, edge},
	} {
		if got := knotes(c.want); got != [numFilters]knote{c.read, c.write, c.except} {
			t.Errorf("%#x: %+v", c.want, got)
		}
	}
}

// Which changes a Modify makes, in order.
func TestKsteps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		old, want Ready
		changes   string
	}{
		{Readable, Readable, "+r"},
		{Readable, Writable, "+w -r"},
		{Readable, Readable | Writable, "+w +r"},
		{Readable | Writable, Readable, "+r -w"},
		{Readable, Readable | Edge, "-r +r"},
		{Readable | OneShot, Readable | OneShot, "+r"},
		{Readable, Writable | Edge, "+w -r"},
		{Readable | Writable, Readable | Writable | OneShot, "-r +r -w +w"},
		{Readable | Edge, ReadClosed, "+r"},
		{Readable | Priority, Writable | Priority, "+w +x -r"},
		{0, Readable | Writable | Priority, "+w +x -r +r"},
		{Priority, 0, "+r -x"},
	} {
		steps, n := ksteps(knotes(c.old), knotes(c.want))
		got := ""
		for _, s := range steps[:n] {
			for _, d := range s.do[:s.n] {
				got += fmt.Sprintf(" %c%c", "-+"[b2i(d.on)], "rwx"[d.filter])
			}
		}
		if got != " "+c.changes {
			t.Errorf("%#x to %#x: %s, want %s", c.old, c.want, got, c.changes)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A kernelKnote is a knote as kqueue(2) describes it.
type kernelKnote struct {
	knote
	token uint64
}

// A book is what kqueue(2) says of one descriptor.
type book map[int]kernelKnote

// set makes one change. EV_ADD of a knote that is there leaves its mode.
func (b book) set(c kchange, token uint64) {
	k, there := b[c.filter]
	switch {
	case !c.on:
		delete(b, c.filter)
	case there:
		b[c.filter] = kernelKnote{knote{true, k.mode, c.closeOnly}, token}
	default:
		b[c.filter] = kernelKnote{c.knote, token}
	}
}

func (b book) holds(want [numFilters]knote, token uint64) bool {
	n := 0
	for f, k := range want {
		if k.on {
			n++
			if b[f] != (kernelKnote{k, token}) {
				return false
			}
		}
	}
	return len(b) == n
}

// From each interest to each other: a Modify that succeeds leaves the new one, with its
// token; if any one change fails, the old one is left, with its. A kqueue is never
// without a knote that is in both, unless its mode changes.
func TestKchanges(t *testing.T) {
	t.Parallel()
	const was, now = 7, 8
	var all []Ready
	for bits := range Ready(4 * (WriteClosed << 1)) { // the named ones and two modes
		const named = Readable | Writable | Priority | ReadClosed | WriteClosed
		want := bits & named
		if bits&(named+1) != 0 {
			want |= Edge
		}
		if bits&((named+1)<<1) != 0 {
			want |= OneShot
		}
		all = append(all, want)
	}
	for _, old := range all {
		for _, want := range all {
			o, w := knotes(old), knotes(want)
			for fail := 0; ; fail++ { // at the change of this number
				b := book{}
				kchanges([numFilters]knote{}, o, 0, was, func(c kchange, token uint64) sys.Errno { b.set(c, token); return 0 })
				n, failed := 0, false
				e := kchanges(o, w, was, now, func(c kchange, token uint64) sys.Errno {
					if n++; n == fail+1 {
						failed = true
						return sys.ENOMEM
					}
					b.set(c, token)
					for f := range o {
						if !failed && o[f].on && w[f].on && o[f].mode == w[f].mode && !b[f].on {
							t.Fatalf("%#x to %#x: filter %d is away", old, want, f)
						}
					}
					return 0
				})
				if !failed {
					if e != 0 || !b.holds(w, now) {
						t.Fatalf("%#x to %#x: %v, left %+v", old, want, e, b)
					}
					break
				}
				if e != sys.ENOMEM || !b.holds(o, was) {
					t.Fatalf("%#x to %#x, change %d failed: %v, left %+v", old, want, fail, e, b)
				}
			}
		}
	}
}

// A pipe without a reader refuses its second filter, and no other may.
func TestKchangesOptional(t *testing.T) {
	t.Parallel()
	for want, optional := range map[Ready]bool{Writable: false, Readable | Writable: true, Readable: false, ReadClosed | WriteClosed: true} {
		got := false
		kchanges([numFilters]knote{}, knotes(want), 0, 1, func(c kchange, _ uint64) sys.Errno { got = got || c.optional; return 0 })
		if got != optional {
			t.Errorf("%#x: optional: %v", want, got)
		}
	}
}
