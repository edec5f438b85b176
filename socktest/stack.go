package socktest

import (
	"fmt"
	"io"
	"runtime"
	"strings"
)

// describe writes the stack as Go's own tracebacks have it, from the caller of
// sock on.
func (o *opening) describe(w io.Writer) {
	fmt.Fprintf(w, "descriptor %d, opened by\n", o.fd)
	frames := runtime.CallersFrames(o.stack[:o.depth])
	inside := true
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		inside = inside && ours(f)
		if !inside && f.Function != "runtime.goexit" {
			fmt.Fprintf(w, "\t%s\n\t\t%s:%d\n", f.Function, f.File, f.Line)
		}
	}
}

const module = "github.com/berkeleysockets/sock"

// ours reports whether a frame is of package sock or its internals, whose tests
// are callers like any other.
func ours(f runtime.Frame) bool {
	inside := strings.HasPrefix(f.Function, module+".") || strings.HasPrefix(f.Function, module+"/internal/")
	return inside && !strings.HasSuffix(f.File, "_test.go")
}
