//go:build !race && (amd64 || arm64)

package sys

import (
	"os/exec"
	"regexp"
	"testing"
)

// The compiler puts Quick's calls into their callers: that is what they are for, and
// they are at the limit of what it does so with.
func TestQuickInlined(t *testing.T) {
	t.Parallel()
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("asks the compiler: ", err)
	}
	cmd := exec.Command(goTool, "build", "-gcflags=-m", ".")
	cmd.Dir = "../.." // package sock, whose hot path it is
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"SendQuick", "RecvQuick", "(*Name).Room"} {
		if !regexp.MustCompile(`stream\.go:.*inlining call to sys\.` + regexp.QuoteMeta(name)).Match(out) {
			t.Errorf("%s is not inlined", name)
		}
	}
}
