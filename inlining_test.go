package sock

import (
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// After a system call each function that returns costs some 15 ns: the call has emptied
// the processor's stack of return addresses. So the hot calls are inlined, and these are
// small enough for it.
func TestInlining(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("go")
	if err != nil || runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("it asks the compiler of linux/amd64: ", err)
	}
	out, err := exec.Command(tool, "list", "-e", "-f", "{{.Dir}}", ".").CombinedOutput()
	if err != nil {
		t.Skip("no source here: ", err)
	}
	const module = "github.com/berkeleysockets/sock"
	cmd := exec.Command(tool, "build", "-gcflags="+module+"/...=-m", module)
	cmd.Dir = strings.TrimSpace(string(out))
	out, err = cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		`can inline \(\*Socket\)\.Send$`, `can inline \(\*Socket\)\.Recv$`, `can inline \(\*Socket\)\.SendTo$`,
		`can inline \(\*FD\)\.Release$`, `can inline \(\*FD\)\.State$`,
		`stream\.go:\d+:\d+: inlining call to sys\.RawSendto$`, `stream\.go:\d+:\d+: inlining call to sys\.RawRecvfrom$`,
		`stream\.go:\d+:\d+: inlining call to sockfd\.\(\*FD\)\.Release$`, `stream\.go:\d+:\d+: inlining call to sockfd\.\(\*FD\)\.State$`,
	} {
		if !regexp.MustCompile("(?m)" + want).Match(out) {
			t.Errorf("the compiler does not say %q", want)
		}
	}
}
