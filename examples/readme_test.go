// Package examples has the course. Its one test keeps README.md true.
package examples

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// A section of the course: its program, and the output that README.md promises of it.
var section = regexp.MustCompile("(?s)```sh\ngo run ./examples/(\\w+)( [^\n]*)?\n```\n+```text\n(.*?)```")

// What differs from run to run, and from machine to machine: the date, numbers, how
// long something took, how much space that takes, the folder for temporary files, the
// permissions that the umask leaves, and where a ball was.
var (
	times   = regexp.MustCompile(`\d+(\.\d+)? ?(ns|us|µs|ms|s)\b`)
	dates   = regexp.MustCompile(`(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d+ \w+( \d{4} [\d:]+ GMT)?`) // of HTTP; a trace cuts it short
	numbers = regexp.MustCompile(`\d+([-.,: ]+\d+)*`)
	modes   = regexp.MustCompile(`\bS[rwx-]{9}`) // of a socket's file: the umask decides
	bars    = regexp.MustCompile(`\|[ ods]+\|`)
	spaces  = regexp.MustCompile(`[ \t]+`)
)

// lines are those of an output, without that. Two goroutines that print take turns as
// they like, so they are sorted.
func lines(output string) (list []string) {
	for line := range strings.Lines(output) {
		line = strings.ReplaceAll(line, filepath.Clean(os.TempDir())+"/", "/tmp/")
		line = modes.ReplaceAllString(line, "MODE")
		line = bars.ReplaceAllString(line, "| BAR |")
		line = dates.ReplaceAllString(line, "DATE")
		line = times.ReplaceAllString(line, "TIME")
		line = numbers.ReplaceAllString(line, "N")
		if line = strings.TrimSpace(spaces.ReplaceAllString(line, " ")); line != "" {
			list = append(list, line)
		}
	}
	slices.Sort(list)
	return list
}

// TestReadme runs each program, and compares what it prints with the text.
func TestReadme(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds programs")
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Skip("only in the source: ", err)
	}
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command here")
	}
	found := section.FindAllStringSubmatch(string(text), -1)
	if len(found) < 8 {
		t.Errorf("%d programs with their output, want 8 and more", len(found))
	}
	for _, f := range found {
		name, args, want := f[1], strings.Fields(f[2]), f[3]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(want, "[::") { // it has a socket of IPv6
				programtest.Place(t, "tcp6")
			}
			program := filepath.Join(t.TempDir(), name)
			if out, err := exec.Command(tool, "build", "-o", program, "./"+name).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			out, err := exec.Command(program, args...).Output()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(lines(want), lines(string(out))); diff != "" {
				t.Errorf("README.md promises something else (-promised +printed):\n%s", diff)
			}
		})
	}
}

// TestLines: what a server prints on any day of four years compares equal.
func TestLines(t *testing.T) {
	t.Parallel()
	text := func(day time.Time) string {
		head := "HTTP/1.1 200 OK\r\nDate: " + day.Format("Mon, 02 Jan 2006 15:04:05 GMT") + "\r\n"
		return fmt.Sprintf("%ssendto(11, %q..., 168) = 168\n", head, head[:32])
	}
	first := time.Date(2026, 1, 1, 23, 59, 58, 0, time.UTC)
	want := lines(text(first))
	for day := range 4 * 366 {
		if got := lines(text(first.AddDate(0, 0, day))); !slices.Equal(got, want) {
			t.Fatalf("%q, and on the first day %q", got, want)
		}
	}
}
