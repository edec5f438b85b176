package main

// A telnet program sends commands between the text: a byte IAC, and one or two more. It
// uses them to offer and request options, such as echo and the size of the window. RFC
// 854 requires a server without options to refuse each, and some programs show nothing
// more until it has. UTF-8 does not use this byte.
type telnet struct {
	after byte // the command of the next byte: iac, a verb, sb, or 0 for text
	size  int  // length of the part between sb and se
}

const (
	iac  = 255
	dont = 254
	do   = 253
	wont = 252
	will = 251
	sb   = 250 // start of the value of an option
	se   = 240 // its end

	inner = 1 // an IAC inside it
)

// strip removes the commands from received bytes, in place, and returns the answer. A
// command may arrive in parts, like everything in a stream.
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
		if t.size == maxLine { // no option is that long: this is not telnet
			t.after, t.size = 0, 0
		}
	}
	return text, answer
}
