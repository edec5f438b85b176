package cmsg

import (
	"errors"

	"github.com/berkeleysockets/sock/internal/sys"
)

// The types of messages of SOL_SOCKET that stand for an error of a builder.
const (
	typeInvalid     = -1          // a value does not fit
	typeUnsupported = sys.Missing // this system does not have the message
)

func appendInvalid(b []byte) []byte     { return Append(b, sys.SOL_SOCKET, typeInvalid, nil) }
func appendUnsupported(b []byte) []byte { return Append(b, sys.SOL_SOCKET, typeUnsupported, nil) }

// Check returns the error of a builder in b. A sock.Socket calls it before it sends; with
// package net a program calls it. Where the kernel checks the messages of every builder
// itself, Check returns nil at once.
//
// Errors: EINVAL (a value does not fit), [errors.ErrUnsupported] (this system does not have
// the message).
func Check(b []byte) error {
	if sys.PassesAnyControl {
		return nil
	}
	for m, rest, ok := Next(b); ok; m, rest, ok = Next(rest) {
		switch {
		case m.Level != sys.SOL_SOCKET:
		case m.Type == typeUnsupported:
			return errors.ErrUnsupported
		case m.Type == typeInvalid:
			return sys.EINVAL
		}
	}
	return nil
}
