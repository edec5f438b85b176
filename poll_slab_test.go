package sock

import (
	"errors"
	"reflect"
	"testing"

	"github.com/berkeleysockets/sock/internal/selector"
)

// The slots of a Poller, from inside.

// Slots come in pieces that do not move, are used again last in first out, and
// none is lost or given twice.
func TestSlots(t *testing.T) {
	t.Parallel()
	var s slab
	const n = 3*chunkSize + 1
	first := make([]*slot, n)
	for i := range uint32(n) {
		got, ok := s.alloc()
		if got != i || !ok {
			t.Fatalf("alloc: %d, %v; want %d", got, ok, i)
		}
		first[i] = s.at(i)
	}
	if len(s.chunks) != 4 {
		t.Errorf("%d pieces for %d slots, want 4", len(s.chunks), n)
	}
	keys := make([]uint64, n)
	for i := range uint32(n) {
		if s.at(i) != first[i] {
			t.Fatalf("slot %d has moved", i)
		}
		keys[i] = s.key(i)
		if s.find(keys[i]) != first[i] {
			t.Fatalf("slot %d is not found by its key %#x", i, keys[i])
		}
	}
	for i := range uint32(n) {
		s.at(i).data = "held"
		s.free(i)
		if at := s.at(i); at.data != nil || at.socket != nil || at.want != 0 {
			t.Fatalf("slot %d still holds %+v", i, *at)
		}
		if s.find(keys[i]) != nil {
			t.Fatalf("slot %d is found when it was given back", i)
		}
	}
	seen := map[uint32]bool{}
	for i := range uint32(n) {
		got, ok := s.alloc()
		if !ok || seen[got] || got != n-1-i {
			t.Fatalf("alloc: %d, %v after %d were given back", got, ok, n)
		}
		seen[got] = true
		if s.find(keys[got]) != nil {
			t.Fatalf("slot %d is found by the token of its former life", got)
		}
		if s.find(s.key(got)) == nil {
			t.Fatalf("slot %d is not found", got)
		}
	}
	if s.used != n {
		t.Errorf("%d slots made for %d", s.used, n)
	}
	for _, token := range []uint64{n, slotMask - 1, selector.WakeToken, 1 << (selector.SlotBits - 1)} {
		if s.find(token) != nil {
			t.Errorf("there is something at %#x", token)
		}
	}
}

// A generation is half a token, and goes round.
func TestSlotGenerations(t *testing.T) {
	t.Parallel()
	var s slab
	i, _ := s.alloc()
	s.at(i).gen = genMask - 1 // odd: it is even here
	seen := map[uint64]bool{}
	for range 8 {
		token := s.key(i)
		if token&slotMask != uint64(i) || token>>selector.SlotBits > genMask || selector.TokenBits == 32 && token>>32 != 0 {
			t.Errorf("token %#x does not fit", token)
		}
		if seen[token] {
			t.Errorf("token %#x twice", token)
		}
		if s.find(token) == nil {
			t.Errorf("token %#x is not found", token)
		}
		for old := range seen {
			if s.find(old) != nil {
				t.Errorf("token %#x is found, of the past", old)
			}
		}
		seen[token] = true
		s.free(i)
		if s.find(token) != nil {
			t.Errorf("token %#x is found, given back", token)
		}
		if again, ok := s.alloc(); again != i || !ok {
			t.Fatalf("alloc: %d, %v", again, ok)
		}
	}
}

// There are as many slots as half a token can count but one, which is Wake's.
func TestSlotsRunOut(t *testing.T) {
	t.Parallel()
	s := slab{freeList: -1, used: min(slotMask, 1<<31-1)}
	if i, ok := s.alloc(); ok {
		t.Errorf("took %#x, the last but Wake's", i)
	}
}

// What the kernel has reported and what is registered may differ by the time that it is
// looked at: each way, step by step.
func TestStaleByStep(t *testing.T) {
	t.Parallel()
	p, err := NewPoller()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	pair := func() (a, b *Socket) {
		a, b, err := Pair(Unix, Stream, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		a.SetNonblock(true)
		b.Send([]byte{1}, 0)
		return a, b
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	var reused *Socket // what takes the place of one that was closed
	for name, c := range map[string]struct {
		between  func(s *Socket)
		reported int // then
		later    int // by the next look
	}{
		"nothing":         {func(s *Socket) {}, 1, 1},
		"removed":         {func(s *Socket) { must(p.Remove(s)) }, 0, 0},
		"closed":          {func(s *Socket) { must(s.Close()) }, 0, 0},
		"modified":        {func(s *Socket) { must(p.Modify(s, Readable|OneShot)) }, 0, 1},
		"modified away":   {func(s *Socket) { must(p.Modify(s, 0)) }, 0, 0},
		"added again":     {func(s *Socket) { must(p.Remove(s)); must(p.Add(s, Readable, "new")) }, 0, 1},
		"closed and new":  {func(s *Socket) { must(s.Close()); reused, _ = pair(); must(p.Add(reused, Readable, "new")) }, 0, 1},
		"slot of another": {func(s *Socket) { must(p.Remove(s)); reused, _ = pair(); must(p.Add(reused, Readable, "new")) }, 0, 1},
	} {
		a, _ := pair()
		must(p.Add(a, Readable, "old"))
		events := make([]Event, 4)
		n, fetched, err := p.pollOnce(events, func() { c.between(a) })
		must(err)
		if n != c.reported || fetched != 1 {
			t.Errorf("%s: %d of %d reported, want %d of 1: %+v", name, n, fetched, c.reported, events[:n])
		}
		n, _, err = p.pollOnce(events, nil)
		must(err)
		if n != c.later {
			t.Errorf("%s: %d reported by the next look, want %d", name, n, c.later)
		}
		if n == 1 && c.reported == 0 && name != "modified" && events[0].Data != "new" {
			t.Errorf("%s: data %v", name, events[0].Data)
		}
		a.Close()
		if reused != nil {
			if n == 1 && events[0].Socket != reused {
				t.Errorf("%s: reported of the wrong Socket", name)
			}
			reused.Close()
			reused = nil
		}
		if n := p.registrations(); n != 0 {
			t.Errorf("%s: %d slots are inUse", name, n)
		}
	}
	if n := p.slotCount(); n != 1 {
		t.Errorf("%d slots made for one Socket at a time", n)
	}
}

// Remove beside a Close that has only just begun, which would take it out too.
func TestStaleRemoveInClose(t *testing.T) {
	t.Parallel()
	p, err := NewPoller()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	a, b, err := Pair(Unix, Stream, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	b.Send([]byte{1}, 0)
	a.SetNonblock(true)
	if err := p.Add(a, Readable, nil); err != nil {
		t.Fatal(err)
	}
	a.fd.Acquire(0) // as Close does
	a.fd.MarkClosed()
	if err := p.Remove(a); err != nil {
		t.Error(err)
	}
	if n, err := p.Wait(make([]Event, 1), 0); n != 0 || err != nil {
		t.Errorf("reported %d, %v when it was removed", n, err)
	}
	a.leavePollers()
	a.fd.Done()
	if n := p.registrations(); n != 0 {
		t.Errorf("%d slots are inUse", n)
	}
}

// A million connections are a million accepted Sockets and registrations.
func TestSizes(t *testing.T) {
	t.Parallel()
	if reflect.TypeFor[uintptr]().Size() != 8 {
		t.Skip("the sizes are those of 64-bit systems")
	}
	for _, c := range []struct {
		name      string
		got, want uintptr
	}{
		{"Socket", reflect.TypeFor[Socket]().Size(), 64},
		{"accepted", reflect.TypeFor[accepted]().Size(), 112},
		{"registration slot", reflect.TypeFor[slot]().Size(), 40},
	} {
		if c.got != c.want {
			t.Errorf("%s has %d bytes, want %d", c.name, c.got, c.want)
		}
	}
}
