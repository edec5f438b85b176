package main

import (
	"time"
)

// A view is one client's knowledge of the arena, and statistics of the network.
type view struct {
	states []state // the last new states, the newest last

	received int    // states that came in time
	late     int    // states that came after a newer one, and were dropped
	first    uint32 // the number of the first one
	seen     uint64 // bit i: the state i before the newest has arrived

	// The time at which tick 0 would have arrived with the smallest delay so far. It
	// gives the age of a state without the server's clock.
	zero time.Time
}

const (
	kept  = 64                     // states, for the smoothed picture
	delay = 100 * time.Millisecond // its delay, so that there is a state before and after
)

func (v *view) newest() state {
	if len(v.states) == 0 {
		return state{}
	}
	return v.states[len(v.states)-1]
}

// take handles loss, reordering and copies: it keeps the newest state, drops older ones,
// and asks for nothing again.
func (v *view) take(s state, now time.Time) (news bool) {
	if zero := now.Add(-time.Duration(s.tick) * tick); len(v.states) == 0 || zero.Before(v.zero) {
		v.zero = zero
	}
	if len(v.states) == 0 {
		v.first = s.number
	} else {
		back := int64(v.newest().number) - int64(s.number)
		if back >= 0 {
			if back < 64 && v.seen>>back&1 == 0 && s.number >= v.first { // otherwise a copy
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

// lost returns how many states have not arrived. Some of the last ones may still arrive.
func (v *view) lost() int {
	if len(v.states) == 0 {
		return 0
	}
	return int(v.newest().number-v.first) + 1 - v.received - v.late
}

// behind returns how much older the newest state is than one that would arrive now with
// the smallest delay.
func (v *view) behind(now time.Time) time.Duration {
	return now.Sub(v.zero) - time.Duration(v.newest().tick)*tick
}

// raw returns the newest state unchanged.
func (v *view) raw() []thing { return v.newest().things }

// smoothed returns the arena a little earlier, between two states: each thing is between
// its two positions. This adds delay, and makes motion even.
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
