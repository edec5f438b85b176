package main

import (
	"fmt"
	"slices"
	"testing"
)

// Each folder imports what the drawing of the layers has below it, and nothing else.
func TestArrows(t *testing.T) {
	t.Parallel()
	folders := []string{
		".", "cmsg", "sockopt", "socktest", "tests", "examples/echo", "examples/internal/program", "examples/internal/programtest",
		"internal/sys", "internal/refcount", "internal/leakcheck", "internal/trace", "internal/testhook",
		"internal/netpoll", "internal/selector", "internal/sockfd", "internal/splice",
	}
	leaves := []string{"internal/sys"}
	internal := folders[8:]
	below := map[string][]string{
		"internal/refcount":  leaves,
		"internal/leakcheck": leaves,
		"internal/trace":     leaves,
		"internal/testhook":  leaves,
		"internal/netpoll":   {"internal/trace", "internal/sys"},
		"internal/selector":  {"internal/netpoll", "internal/trace", "internal/sys"},
		"internal/sockfd":    {"internal/netpoll", "internal/refcount", "internal/leakcheck", "internal/trace", "internal/sys"},
		"internal/splice":    {"internal/sockfd", "internal/trace", "internal/sys"},
		"cmsg":               leaves,
		".":                  append([]string{"cmsg"}, internal...),
		"sockopt":            {".", "cmsg", "internal/sys"},
		"socktest":           append([]string{"."}, internal...),
		"tests":              append([]string{".", "cmsg", "sockopt", "socktest"}, internal...),
		"examples/echo":      {".", "cmsg", "sockopt", "examples/internal/program"},

		"examples/internal/program":     {".", "cmsg", "sockopt"},
		"examples/internal/programtest": {"socktest"},
	}
	for _, from := range folders {
		for _, to := range folders {
			path := module
			if to != "." {
				path += "/" + to
			}
			text := fmt.Sprintf("// Package p is.\npackage p\nimport %q\n", path)
			got := tree(t, map[string]string{from + "/a.go": text})
			if want := slices.Contains(below[from], to); want != (len(got) == 0) {
				t.Errorf("%s imports %s: %q, want allowed %v", from, to, got, want)
			}
		}
	}
	if got := tree(t, map[string]string{"internal/new/a.go": "// Package p is.\npackage p\nimport \"" + module + "/internal/sys\"\n"}); len(got) != 1 {
		t.Errorf("a new folder without a line in arrows: %q", got)
	}
	own := "package p_test\nimport \"" + module + "/internal/netpoll\"\n"
	if got := tree(t, map[string]string{"internal/netpoll/a_test.go": own}); len(got) != 0 {
		t.Errorf("a test of its own folder: %q", got)
	}
}

// No file of the packages for users is for one system.
func TestSystems(t *testing.T) {
	t.Parallel()
	const pack = "// Package p is.\npackage p\n"
	for _, c := range []struct {
		file, text string
		want       []string
	}{
		{"a_freebsd.go", pack, []string{"a file for freebsd belongs to internal"}},
		{"sockopt/a_linux.go", pack, []string{"a file for linux belongs to internal"}},
		{"cmsg/a_windows_arm64.go", pack, []string{"a file for windows belongs to internal"}},
		{"linux.go", pack, nil},
		{"linux_a_b.go", pack, nil},
		{"a_unix.go", pack, nil}, // of unix sockets: for every system
		{"a.go", "//go:build unix\n\n" + pack, []string{"a build constraint for unix belongs to internal"}},
		{"a_linux_test.go", "package p\n", nil},
		{"internal/sys/a_linux.go", pack, nil},
		{"socktest/a_linux.go", pack, nil},
		{"a.go", "//go:build !sock_loop\n\n" + pack, nil},
		{"a.go", "//go:build sock_loop || !(windows && arm64)\n\n" + pack, []string{"a build constraint for windows belongs to internal"}},
		{"internal/sys/a.go", "//go:build linux\n\n" + pack, nil},
	} {
		for i := range c.want {
			c.want[i] = c.file + ": " + c.want[i]
		}
		if got := tree(t, map[string]string{c.file: c.text}); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.file, got, c.want)
		}
	}
}
