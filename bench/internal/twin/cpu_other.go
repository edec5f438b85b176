//go:build !linux

package twin

import "time"

var begun = time.Now()

// cpuTime is the time of the clock on the wall: elsewhere there is no C to compare
// with, and where nothing else runs it is nearly the same.
func cpuTime() time.Duration { return time.Since(begun) }
