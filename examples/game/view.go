package main

import (
	"time"
)

// A view is what one client knows of the arena, and how the network was.
type view struct {
	states []state // the last ones that were news, the newest last

	received int    // states that came in time
	late     int    // that came behind a newer one, and were thrown away
	first    uint32 // the number of the first one
	seen     uint64 // bit i: the state i before the newest has come

	// When tick 0 would have come, had it taken the fastest way so far: so we
	// know how old a state is without the server's clock.
	zero time.Time
}

const (
	kept  = 64                     // states, for the smoothed picture
	delay = 100 * time.Millisecond // by which it lags, so that there is a state on either side
)

func (v *view) newest() state {
	if len(v.states) == 0 {
		return state{}
	}
	return v.states[len(v.states)-1]
}

// take is all that is to be done about loss, reordering and copies: the newest
// state is shown, what is older is thrown away, and nobody is asked to send again.
func (v *view) take(s state, now time.Time) (news bool) {
	if zero := now.Add(-time.Duration(s.tick) * tick); len(v.states) == 0 || zero.Before(v.zero) {
		v.zero = zero
	}
	if len(v.states) == 0 {
		v.first = s.number
	} else {
		back := int64(v.newest().number) - int64(s.number)
		if back >= 0 {
			if back < 64 && v.seen>>back&1 == 0 && s.number >= v.first { // else a copy
				v.seen |= 1 << back
				v.late++
			}
			return false
		}
		v.seen <<= uint64(-back)
	}
	v.seen |= 1
	v.received++
	v.states = append(v.states, s)
	if len(v.states) > kept {
		v.states = append(v.states[:0], v.states[1:]...)
	}
	return true
}

// lost is how many states have not come. Of the last ones some may still do.
func (v *view) lost() int {
	if len(v.states) == 0 {
		return 0
	}
	return int(v.newest().number-v.first) + 1 - v.received - v.late
}

// behind is by how much the newest state is older than it would be if it came now,
// by the fastest way.
func (v *view) behind(now time.Time) time.Duration {
	return now.Sub(v.zero) - time.Duration(v.newest().tick)*tick
}

// raw is the newest state as it is.
func (v *view) raw() []thing { return v.newest().things }

// smoothed is the arena a little earlier, between two states: each thing is shown
// on its way from where it was to where it came. It costs time, and gives even motion.
func (v *view) smoothed(now time.Time) []thing {
	at := float64(now.Sub(v.zero)-delay) / float64(tick)
	for i := len(v.states) - 1; i > 0; i-- {
		from, to := v.states[i-1], v.states[i]
		if at >= float64(to.tick) {
			return to.things
		}
		if at < float64(from.tick) {
			continue
		}
		part := (at - float64(from.tick)) / float64(to.tick-from.tick)
		things := make([]thing, 0, maxThings)
		for _, t := range to.things {
			if f, ok := find(from.things, t.letter); ok {
				t.x, t.y = f.x+(t.x-f.x)*part, f.y+(t.y-f.y)*part
			}
			things = append(things, t)
		}
		return things
	}
	if len(v.states) == 0 {
		return nil
	}
	return v.states[0].things
}

func find(things []thing, letter byte) (thing, bool) {
	for _, t := range things {
		if t.letter == letter {
			return t, true
		}
	}
	return thing{}, false
}
