package main

import (
	"container/list"
	"errors"
	"time"
)

// quiet lists all clients in the order of their last activity: first the client that has
// been quiet for the longest time. All have the same limit, so this is also the order in
// which their time ends, and the first one limits the time of Wait. An active client
// moves to the end: no search, no timer for each client, and the same work for ten
// clients and ten thousand.
type quiet struct {
	list.List
	limit time.Duration // 0: no limit
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

// next returns when the time of the first client ends. The zero time is never.
func (q *quiet) next() time.Time {
	if q.limit == 0 || q.Len() == 0 {
		return time.Time{}
	}
	return q.first().moved.Add(q.limit)
}

// dropQuiet drops the clients whose time has ended: those that send nothing, and those
// that do not receive.
func (l *loop) dropQuiet() {
	for {
		next := l.quiet.next()
		if next.IsZero() || l.now.Before(next) {
			return
		}
		l.drop(l.quiet.first(), errQuiet)
	}
}
