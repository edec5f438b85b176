package sys

import "runtime"

// groupAt is where a sockaddr_storage can begin behind the index: it is aligned
// as an int64_t (sys/_sockaddr_storage.h), which on i386 takes 4 bytes.
var groupAt = alignInt64()

func alignInt64() int {
	if runtime.GOARCH == "386" {
		return 4
	}
	return 8
}
