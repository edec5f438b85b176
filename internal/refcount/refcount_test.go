package refcount

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestReleaseLast(t *testing.T) {
	t.Parallel()
	var c Count
	if c.Acquire()&Closed != 0 {
		t.Fatal("a new count is closed")
	}
	if c.Unique() {
		t.Fatal("unique, but open for others")
	}
	first, last := c.Close()
	if !first || last {
		t.Fatalf("Close with one reference = %v, %v, want true, false", first, last)
	}
	if c.Acquire()&Closed == 0 || c.Release() {
		t.Fatal("Acquire after Close did not return Closed, or its Release destroyed too early")
	}
	if first, last := c.Close(); first || last {
		t.Fatal("a second Close was the first")
	}
	if !c.Unique() {
		t.Fatal("not unique")
	}
	if c.Acquire(); c.Unique() {
		t.Fatal("unique with two references")
	}
	c.Release()
	if !c.Release() {
		t.Fatal("the last Release did not return true")
	}
	if c.Acquire(); c.Release() {
		t.Fatal("a Release after the last one returned true")
	}
}

func TestUserBits(t *testing.T) {
	t.Parallel()
	var c Count
	c.Set(User | User<<4)
	c.Clear(User)
	if s := c.Acquire(); s&(User|User<<4) != User<<4 {
		t.Fatalf("state %#x", s)
	}
	c.Release()
	if first, last := c.Close(); !first || !last {
		t.Fatal("user bits counted as references")
	}
}

// References above Max set Overflow and reach no other bit; with as many Releases all is as
// before.
func TestOverflow(t *testing.T) {
	t.Parallel()
	var c Count
	c.Set(User)
	c.Add(Max - 1)
	if s := c.Acquire(); s != User|Max {
		t.Fatalf("Max references: %#x", s)
	}
	for i := range uint32(1000) {
		if s := c.Acquire(); s != User|Overflow+i {
			t.Fatalf("%d above Max: %#x", i+1, s)
		}
	}
	if first, last := c.Close(); !first || last {
		t.Fatal("destroyed with all references left")
	}
	for range 1000 {
		if c.Release() {
			t.Fatal("a Release above Max was the last")
		}
	}
	if s := c.State(); s != Closed|User|Max {
		t.Fatalf("then %#x", s)
	}
	c.Add(^uint32(0) - (Max - 2)) // Max-1 Releases
	if !c.Release() {
		t.Fatal("the last Release did not return true")
	}
}

// In any order exactly one goroutine destroys the resource, and never while
// another has a reference.
func TestDestroyOnce(t *testing.T) {
	t.Parallel()
	rounds := 20000
	if testing.Short() {
		rounds = 1000
	}
	for range rounds {
		var c Count
		var users, destroys atomic.Int32
		destroy := func() {
			if users.Load() != 0 {
				t.Error("destroyed while in use")
			}
			destroys.Add(1)
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for range 3 {
					if c.Acquire()&Closed == 0 {
						users.Add(1)
						users.Add(-1)
					}
					if c.Release() {
						destroy()
					}
				}
			})
		}
		wg.Go(func() {
			if _, last := c.Close(); last {
				destroy()
			}
		})
		wg.Wait()
		if n := destroys.Load(); n != 1 {
			t.Fatalf("destroyed %d times", n)
		}
	}
}
