package guard

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestLastOut(t *testing.T) {
	t.Parallel()
	var g Word
	if g.Enter()&Closed != 0 {
		t.Fatal("a new word is closed")
	}
	if g.Alone() {
		t.Fatal("alone where others may come in")
	}
	first, last := g.Close()
	if !first || last {
		t.Fatalf("Close with one inside = %v, %v, want true, false", first, last)
	}
	if g.Enter()&Closed == 0 || g.Leave() {
		t.Fatal("Enter after Close let somebody in, or ended it too early")
	}
	if first, last := g.Close(); first || last {
		t.Fatal("a second Close was the first")
	}
	if !g.Alone() {
		t.Fatal("not alone")
	}
	if g.Enter(); g.Alone() {
		t.Fatal("alone with another")
	}
	g.Leave()
	if !g.Leave() {
		t.Fatal("the last to leave was not told")
	}
	if g.Enter(); g.Leave() {
		t.Fatal("a latecomer was told to end it again")
	}
}

func TestUserBits(t *testing.T) {
	t.Parallel()
	var g Word
	g.Set(User | User<<4)
	g.Clear(User)
	if s := g.Enter(); s&(User|User<<4) != User<<4 {
		t.Fatalf("state %#x", s)
	}
	g.Leave()
	if first, last := g.Close(); !first || !last {
		t.Fatal("user bits counted as somebody inside")
	}
}

// Whatever the order, exactly one goroutine ends the thing, and never while
// another is inside.
func TestEndsOnce(t *testing.T) {
	t.Parallel()
	rounds := 20000
	if testing.Short() {
		rounds = 1000
	}
	for range rounds {
		var g Word
		var inside, ended atomic.Int32
		end := func() {
			if inside.Load() != 0 {
				t.Error("ended while somebody was inside")
			}
			ended.Add(1)
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for range 3 {
					if g.Enter()&Closed == 0 {
						inside.Add(1)
						inside.Add(-1)
					}
					if g.Leave() {
						end()
					}
				}
			})
		}
		wg.Go(func() {
			if _, last := g.Close(); last {
				end()
			}
		})
		wg.Wait()
		if n := ended.Load(); n != 1 {
			t.Fatalf("ended %d times", n)
		}
	}
}
