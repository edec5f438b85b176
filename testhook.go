package sock

import (
	"github.com/berkeleysockets/sock/internal/testhook"
)

// The tests in tests/ are another package, and a few of them ask for more than is exported.
func init() {
	testhook.Registrations = func(p any) int { return p.(*Poller).registrations() }
	testhook.Slots = func(p any) int { return p.(*Poller).slotCount() }
	testhook.PollOnce = func(p, events any, between func()) (int, int, error) {
		return p.(*Poller).pollOnce(events.([]Event), between)
	}
	testhook.ZeroCopyPending = func(s any) int {
		z := s.(*Socket).zeroCopyIfAny()
		if z == nil {
			return 0
		}
		z.mu.Lock()
		defer z.mu.Unlock()
		return len(z.out)
	}
	testhook.ZeroCopyClosed = func() (sockets, bytes int, forGood int64) {
		closing.look(maxClosing)
		closing.mu.Lock()
		defer closing.mu.Unlock()
		return len(closing.list), closing.bytes, closing.forGood.Load()
	}
	testhook.Nosched = func(s any) bool { return s.(*Socket).fd.IsExclusive() }
	testhook.Detour = func() uint32 { return detour.Load() }
	testhook.Brief = func(s any) bool { return s.(*Socket).fd.IsBrief() }
	testhook.Ops = func(s any, n int) {
		if p, ok := s.(*Poller); ok {
			p.refs.Add(uint32(n))
		} else {
			s.(*Socket).fd.AddReferences(n)
		}
	}
	testhook.CloseNosched = func(s any) bool { return s.(*Socket).fd.CloseCannotSleep() }
}

func (p *Poller) registrations() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.slab.used {
		if p.slab.at(uint32(i)).want&inUse != 0 {
			n++
		}
	}
	return n
}

func (p *Poller) slotCount() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.slab.used
}

func (p *Poller) pollOnce(events []Event, between func()) (reported, fetched int, err error) {
	if e := p.acquire(); e != 0 {
		return 0, 0, opError("wait", Addr{}, e)
	}
	defer p.release()
	fetched, e := p.selector.Poll(len(events))
	if e != 0 {
		return 0, 0, opError("wait", Addr{}, e)
	}
	if between != nil {
		between()
	}
	reported, _ = p.collect(events, fetched)
	return reported, fetched, nil
}
