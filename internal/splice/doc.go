// Package splice moves bytes between descriptors without a buffer of the program: the
// engine of ReadFrom, WriteTo and SendFile, over splice(2) and sendfile(2).
//
// splice(2) moves bytes between a descriptor and a pipe. Between two descriptors that
// are no pipe it takes a pipe of this package, which is empty before and after each
// round.
package splice

import (
	"errors"

	"github.com/berkeleysockets/sock/internal/sys"
)

// ErrByHand says that the kernel does not move these bytes, or no more of them, and that none
// was taken from the source that is not counted: the caller copies the rest.
var ErrByHand = errors.New("by hand")

// Refused reports whether err says that the kernel does not move bytes of this file:
// some file systems refuse, and so does what is no file of bytes.
func Refused(err error) bool {
	for _, e := range [...]sys.Errno{sys.EINVAL, sys.ENOSYS, sys.EOPNOTSUPP, sys.ENOTSUP} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// asError returns e as an error, nil for 0.
func asError(e sys.Errno) error {
	if e == 0 {
		return nil
	}
	return e
}
