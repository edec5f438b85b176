//go:build !race && (amd64 || arm64)

package sys

import (
	"os/exec"
	"strings"
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
	out, err := exec.Command(goTool, "build", "-gcflags=-m", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"SendQuick", "RecvQuick", "(*Name).Room"} {
		if !strings.Contains(string(out), "can inline "+name+"\n") {
			t.Errorf("%s is not inlined", name)
		}
	}
}
