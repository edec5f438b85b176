//go:build !race && (amd64 || arm64)

package sys

import (
	"os/exec"
	"regexp"
	"testing"
)

// The compiler inlines the Raw functions into their callers. That is their purpose, and
// their cost is at its limit.
func TestRawioInlined(t *testing.T) {
	t.Parallel()
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("asks the compiler: ", err)
	}
	cmd := exec.Command(goTool, "build", "-gcflags=-m", ".")
	cmd.Dir = "../.." // package sock, which calls them
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"RawSendto", "RawRecvfrom", "(*Name).Room"} {
		if !regexp.MustCompile(`stream\.go:.*inlining call to sys\.` + regexp.QuoteMeta(name)).Match(out) {
			t.Errorf("%s is not inlined", name)
		}
	}
}
