package main

// A telnet program sends commands between the text: a byte IAC, and one or two more.
// With them it offers and asks for options, what it is to echo, how large its window
// is. RFC 854 has a server that knows none of them say no to each, and some programs
// show nothing more until they have heard it. UTF-8 has no such byte.
type telnet struct {
	after byte // what the next byte belongs to: iac, a verb, sb, or 0 for text
	size  int  // of what is between sb and se
}

const (
	iac  = 255
	dont = 254
	do   = 253
	wont = 252
	will = 251
	sb   = 250 // the value of an option begins
	se   = 240 // and ends

	inner = 1 // an IAC in there
)

// strip takes the commands out of what was received, in place, and returns what there
// is to answer. A command may come in parts, as anything in a stream.
func (t *telnet) strip(p []byte) (text, answer []byte) {
	text = p[:0]
	for _, b := range p {
		switch t.after {
		case 0:
			if b == iac {
				t.after = iac
			} else {
				text = append(text, b)
			}
		case iac:
			t.after = 0
			if b >= sb && b < iac {
				t.after, t.size = b, 0
			}
		case sb: // to IAC SE
			if t.size++; b == iac {
				t.after = inner
			}
		case inner:
			if t.size++; b == se {
				t.after = 0
			} else {
				t.after = sb
			}
		case do:
			answer = append(answer, iac, wont, b)
			t.after = 0
		case will:
			answer = append(answer, iac, dont, b)
			t.after = 0
		default:
			t.after = 0
		}
		if t.size == maxLine { // no option is as long: it was no telnet
			t.after, t.size = 0, 0
		}
	}
	return text, answer
}
