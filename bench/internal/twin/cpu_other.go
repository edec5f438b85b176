//go:build !linux

package twin

import "time"

var begun = time.Now()

// cpuTime returns the wall-clock time. On other systems there is no C to compare with, and on
// an idle machine the two are nearly equal.
func cpuTime() time.Duration { return time.Since(begun) }
