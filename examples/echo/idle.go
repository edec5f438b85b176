package main

import (
	"container/list"
	"errors"
	"time"
)

// quiet is a list of all clients in the order in which they last moved: first the
// one that has been quiet for longest. All have the same time, so it is also the
// order in which their time is up, and the first alone says how long Wait may
// wait. A client that moves goes to the end: no search, no timer for each, and the
// same work for ten clients and ten thousand.
type quiet struct {
	list.List
	limit time.Duration // 0: nobody's time is up
}

var errQuiet = errors.New("quiet for too long")

func (q *quiet) add(c *conn, now time.Time) {
	c.moved, c.place = now, q.PushBack(c)
}

func (q *quiet) moved(c *conn, now time.Time) {
	c.moved = now
	q.MoveToBack(c.place)
}

func (q *quiet) remove(c *conn) { q.Remove(c.place) }

func (q *quiet) first() *conn { return q.Front().Value.(*conn) }

// next is when the time of the first is up. The zero time: never.
func (q *quiet) next() time.Time {
	if q.limit == 0 || q.Len() == 0 {
		return time.Time{}
	}
	return q.first().moved.Add(q.limit)
}

// dropQuiet drops those whose time is up: who sends nothing, and also who takes
// nothing of what we send.
func (l *loop) dropQuiet() {
	for {
		next := l.quiet.next()
		if next.IsZero() || l.now.Before(next) {
			return
		}
		l.drop(l.quiet.first(), errQuiet)
	}
}
