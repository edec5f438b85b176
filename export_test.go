package sock

// What tests see of the inside.

// Registered returns how many slots of p are taken.
func (p *Poller) Registered() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.slots.used {
		if p.slots.at(uint32(i)).want&taken != 0 {
			n++
		}
	}
	return n
}

// Slots returns how many slots p has ever had to make.
func (p *Poller) Slots() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.slots.used
}

// Look is Wait without waiting, in its two halves: between is called after the
// kernel has told, and before that is looked at. Nobody may be waiting.
func (p *Poller) Look(events []Event, between func()) (told, fetched int, err error) {
	if e := p.enter(); e != 0 {
		return 0, 0, fail("wait", Addr{}, e)
	}
	defer p.leave()
	fetched, e := p.queue.Now(len(events))
	if e != 0 {
		return 0, 0, fail("wait", Addr{}, e)
	}
	if between != nil {
		between()
	}
	told, _ = p.collect(events, fetched)
	return told, fetched, nil
}

// KeptByZeroCopy is how many sends a Socket keeps alive.
func KeptByZeroCopy(s *Socket) int {
	z := s.zeroCopy()
	z.mu.Lock()
	defer z.mu.Unlock()
	return len(z.out)
}

// Brief reports whether calls of s keep their processor.
func Brief(s *Socket) bool { return s.fd.State()&brief != 0 }

// ClosesBriefly reports whether close(2) of s does.
func ClosesBriefly(s *Socket) bool { return s.fd.CloseNosched() }
