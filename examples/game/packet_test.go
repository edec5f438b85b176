package main

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func TestPackets(t *testing.T) {
	t.Parallel()
	in := input{7, 5, []byte("udlr")}
	tok, got, err := parseInput(appendInput(nil, token{1, 2, 3}, in))
	if err != nil || tok != (token{1, 2, 3}) || !reflect.DeepEqual(got, in) {
		t.Errorf("%v, %v, %v", tok, got, err)
	}
	s := state{1, 2, 1 << 31, 4, 'A', []thing{{'o', 12.5, 0}, {'A', width - 1, height - 1}}}
	back, err := parseState(appendState(nil, s))
	if err != nil || !reflect.DeepEqual(back, s) {
		t.Errorf("%v, %v", back, err)
	}
	var many state
	for i := range maxThings {
		many.things = append(many.things, thing{'A', float64(i), 1})
	}
	if b := appendState(nil, many); len(b) != maxMessage {
		t.Errorf("the longest message has %d bytes, want %d", len(b), maxMessage)
	}
}

// TestGarbage has messages that nobody should send.
func TestGarbage(t *testing.T) {
	t.Parallel()
	whole := string(appendState(nil, state{things: []thing{{'o', 1, 1}}}))
	for name, b := range map[string]string{
		"nothing": "", "short": whole[:17], "half a thing": whole[:len(whole)-1], "long": whole + strings.Repeat(whole[18:], maxThings),
		"beyond the wall": whole[:len(whole)-4] + "\xff\xff\xff\xff", "a control letter": whole[:18] + "\x1b" + whole[19:], "another kind": "I" + whole[1:],
	} {
		if s, err := parseState([]byte(b)); err == nil {
			t.Errorf("%s: %v", name, s)
		}
	}
	said := string(appendInput(nil, token{}, input{1, 1, []byte("u")}))
	for name, b := range map[string]string{
		"nothing": "", "short": said[:16], "no step": said[:17] + "x", "too many": said + strings.Repeat("u", maxSteps), "another kind": "S" + said[1:],
	} {
		if _, in, err := parseInput([]byte(b)); err == nil {
			t.Errorf("%s: %v", name, in)
		}
	}
	random := rand.New(rand.NewPCG(1, 0))
	for range 100000 {
		b := make([]byte, random.IntN(2*maxMessage))
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		if len(b) > 0 {
			b[0] = "ISJWL"[random.IntN(5)]
		}
		_, _, _ = parseInput(b)
		if s, err := parseState(b); err == nil {
			for _, thing := range s.things {
				if thing.x > width-1 || thing.y > height-1 {
					t.Fatalf("%v", s)
				}
			}
		}
	}
}
