package main

import (
	"encoding/binary"
	"errors"
)

// The messages. Each begins with a byte for its kind, and numbers have their high
// byte first. One is a datagram, or in a stream comes behind two bytes for its length.
//
//	J  join     8 bytes that say nothing, so that the answer is no longer than the question
//	W  welcome  token 8
//	I  input    token 8, number 4, first 4, then a byte for each step: u d l r
//	S  state    number 4, tick 4, echo 4, done 4, you 1, then for each thing: letter 1, x 2, y 2
//	L  leave    token 8
//	F  full     there are letters for 26 players
//	B  bye      the server ends
const (
	maxSteps   = 32 // steps that one input can repeat
	maxThings  = 32
	maxMessage = 18 + 5*maxThings
)

type token [8]byte

// An input is a message of a client. first is the number of its first step.
type input struct {
	number, first uint32
	steps         []byte
}

// A state is a message of the server: the whole arena, every time.
type state struct {
	number uint32 // number of the state: a gap is a loss
	tick   uint32 // time of the arena's clock
	echo   uint32 // number of this client's newest input
	done   uint32 // number of the last step that the server has made
	you    byte
	things []thing
}

// A thing is an object in the arena, where one unit is a letter's width or height.
type thing struct {
	letter byte
	x, y   float64
}

var errGarbage = errors.New("the message makes no sense")

func appendInput(b []byte, t token, in input) []byte {
	b = append(append(b, 'I'), t[:]...)
	b = binary.BigEndian.AppendUint32(b, in.number)
	b = binary.BigEndian.AppendUint32(b, in.first)
	return append(b, in.steps...)
}

func parseInput(b []byte) (t token, in input, err error) {
	if len(b) < 17 || b[0] != 'I' || len(b) > 17+maxSteps {
		return t, in, errGarbage
	}
	copy(t[:], b[1:])
	in = input{binary.BigEndian.Uint32(b[9:]), binary.BigEndian.Uint32(b[13:]), b[17:]}
	for _, s := range in.steps {
		if s != 'u' && s != 'd' && s != 'l' && s != 'r' {
			return t, in, errGarbage
		}
	}
	return t, in, nil
}

// A position is sent in units of 1/256: two bytes, the same on every machine.
const fine = 256

func appendState(b []byte, s state) []byte {
	b = append(b, 'S')
	for _, n := range []uint32{s.number, s.tick, s.echo, s.done} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	b = append(b, s.you)
	for _, t := range s.things {
		b = append(b, t.letter)
		b = binary.BigEndian.AppendUint16(b, uint16(t.x*fine))
		b = binary.BigEndian.AppendUint16(b, uint16(t.y*fine))
	}
	return b
}

func parseState(b []byte) (s state, err error) {
	if len(b) < 18 || b[0] != 'S' || len(b) > maxMessage || (len(b)-18)%5 != 0 {
		return s, errGarbage
	}
	for i, n := range []*uint32{&s.number, &s.tick, &s.echo, &s.done} {
		*n = binary.BigEndian.Uint32(b[1+4*i:])
	}
	s.you = b[17]
	for b = b[18:]; len(b) > 0; b = b[5:] {
		t := thing{b[0], float64(binary.BigEndian.Uint16(b[1:])) / fine, float64(binary.BigEndian.Uint16(b[3:])) / fine}
		if t.letter < ' ' || t.letter > '~' || t.x > width-1 || t.y > height-1 {
			return s, errGarbage
		}
		s.things = append(s.things, t)
	}
	return s, nil
}
