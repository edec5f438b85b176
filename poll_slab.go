package sock

import (
	"sync/atomic"

	"github.com/berkeleysockets/sock/internal/selector"
)

// A slot is one registration in a Poller: 40 bytes. The kernel holds its number, never a
// pointer, and with it the slot's generation. Every change raises the generation, so that an
// event shows if it is still valid.
type slot struct {
	socket *Socket // nil: a descriptor of AddFD, or nothing
	data   any     //
	fd     int32   // of nothing: the next such slot, or -1
	gen    uint32  //
	event  uint32  // where its event of this Wait is
	want   Ready   //
}

// State bits of a slot's want, beside the interest.
const (
	inUse Ready = 1 << (15 - iota) // it is a registration
	fired                          // its one event was reported
)

const (
	slotMask  = 1<<selector.SlotBits - 1
	genMask   = slotMask // the other half of a token
	chunkSize = 128
)

// A slab is the slots of a Poller. It grows in chunks that do not move.
type slab struct {
	chunks   []*[chunkSize]slot
	freeList int32        // the first of a list
	used     int          // slots that have ever been in use
	count    atomic.Int32 // slots in use; read without the Poller's lock
}

func (t *slab) at(i uint32) *slot { return &t.chunks[i/chunkSize][i%chunkSize] }

// find returns the slot of a key, nil if the key is stale.
func (t *slab) find(token uint64) *slot {
	i := uint32(token & slotMask)
	if uint64(i) >= uint64(t.used) {
		return nil
	}
	s := t.at(i)
	if s.want&inUse == 0 || uint64(s.gen&genMask) != token>>selector.SlotBits {
		return nil
	}
	return s
}

// alloc returns a free slot. ok is false if there are no more numbers.
func (t *slab) alloc() (i uint32, ok bool) {
	if t.used == 0 {
		t.freeList = -1
	}
	if t.freeList >= 0 {
		i = uint32(t.freeList)
		t.freeList = t.at(i).fd
	} else {
		if i = uint32(t.used); uint64(i) >= slotMask-1 || t.used == 1<<31-1 { // the last two are the queue's
			return 0, false
		}
		if t.used%chunkSize == 0 {
			t.chunks = append(t.chunks, new([chunkSize]slot))
		}
		t.used++
	}
	s := t.at(i)
	s.want = inUse
	s.gen++
	t.count.Add(1)
	return i, true
}

// key returns the value that the kernel holds for a slot.
func (t *slab) key(i uint32) uint64 {
	return uint64(i) | uint64(t.at(i).gen&genMask)<<selector.SlotBits
}

// free releases a slot and what it held.
func (t *slab) free(i uint32) {
	s := t.at(i)
	*s = slot{fd: t.freeList, gen: s.gen + 1}
	t.count.Add(-1)
	t.freeList = int32(i)
}

// sockets returns the registered Sockets.
func (t *slab) sockets() (all []*Socket) {
	for i := range t.used {
		if s := t.at(uint32(i)); s.socket != nil {
			all = append(all, s.socket)
		}
	}
	return all
}
