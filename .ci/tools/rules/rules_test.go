package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree writes files and returns what check says of them, as FILE: WORDS.
func tree(t *testing.T, content map[string]string) []string {
	t.Helper()
	root := t.TempDir()
	for name, text := range content {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, err := parse(root)
	if err != nil {
		t.Fatal(err)
	}
	var broken []string
	for _, b := range check(files) {
		place, words, _ := strings.Cut(strings.TrimPrefix(b, root+"/"), ": ")
		name, _, _ := strings.Cut(place, ":")
		broken = append(broken, name+": "+words)
	}
	return broken
}

const (
	self = `"github.com/berkeleysockets/sock"`
	sys  = `"github.com/berkeleysockets/sock/internal/sys"`
	opts = `"github.com/berkeleysockets/sock/sockopt"`
	help = `"github.com/berkeleysockets/sock/socktest"`
)

func TestRules(t *testing.T) {
	t.Parallel()
	pack := func(imports string) string { return "// Package p is.\npackage p\n" + imports }
	for _, c := range []struct {
		name, file, text string
		want             []string
	}{
		{"internal below", "internal/netpoll/a.go", pack("import " + sys), nil},
		{"internal to the root", "internal/netpoll/a.go", pack("import " + self), []string{"folder internal/netpoll may not import github.com/berkeleysockets/sock"}},
		{"the root to internal", "a.go", pack("import " + sys), nil},
		{"the root to socktest", "a.go", pack("import " + help), []string{"folder . may not import github.com/berkeleysockets/sock/socktest"}},
		{"a test to socktest", "a_test.go", "package p_test\nimport " + self + "\nimport " + help, nil},
		{"an example to the root", "examples/echo/a.go", pack("import " + self), nil},
		{"an example's tests to what runs them", "examples/echo/a_test.go", pack(`import "` + module + `/examples/internal/programtest"`), nil},
		{"an example to what runs its tests", "examples/echo/a.go", pack(`import "` + module + `/examples/internal/programtest"`), []string{"folder examples/echo may not import github.com/berkeleysockets/sock/examples/internal/programtest"}},
		{"an example to internal", "examples/echo/a_test.go", pack("import " + sys), []string{"folder examples/echo may not import github.com/berkeleysockets/sock/internal/sys"}},
		{"a new folder", "cmd/a.go", pack("import " + self), []string{"folder cmd may not import github.com/berkeleysockets/sock"}},
		{"a nested module", "bench/go.mod", "module m", nil},

		{"unsafe", "a.go", pack(`import "unsafe"`), []string{"only internal may import unsafe"}},
		{"x/sys", "examples/a.go", pack(`import u "golang.org/x/sys/unix"`), []string{"only internal may import golang.org/x/sys/unix"}},
		{"in a test", "a_test.go", pack(`import _ "golang.org/x/sys/unix"`), nil},
		{"in internal", "internal/sys/a.go", pack(`import _ "unsafe"`), nil},
		{"a trap", "a.go", pack(`import "syscall"; const n = syscall.SYS_READ`), []string{"SYS_READ: trap numbers belong to internal"}},

		{"a func", "a.go", pack("func F() {}"), []string{"func F has no comment"}},
		{"a method", "a.go", pack("type t[T any] int\nfunc (*t[T]) F() {}\n// T is.\ntype T[A, B any] int\nfunc (T[A, B]) F() {}"), []string{"func F has no comment"}},
		{"types", "socktest/a.go", pack("type T int\n// Two.\ntype (\nU int\n// V is.\nV int\n)"), []string{"type T has no comment", "type U has no comment"}},
		{"values", "a.go", pack("const A = 1\n// All.\nvar (\nB = 1\n)\nvar (\nC = 1 // C is.\nD, e = 1, 2\n)"), []string{"const A has no comment", "var D has no comment"}},
		{"a func that fails", "a.go", pack("// F is.\nfunc F() error\n// G is.\n//\n// Errors: EINVAL.\nfunc G() (int, error)\n// Unwrap is.\nfunc (T) Unwrap() error\n// T is.\ntype T int"), []string{"the comment of func F names no errors"}},
		{"a func that calls", "a.go", pack("// F calls bind(2).\nfunc F()\n// G calls bind(2).\n//\n// Source: bind(2).\nfunc G()"), []string{"the comment of func F names bind(2) and no source"}},
		{"a func of another name", "a.go", pack("// It is.\nfunc F()"), []string{"the comment of func F does not begin with its name"}},
		{"not for users", "internal/a/a.go", pack("func F() {}"), nil},
		{"links", "a.go", pack("// F is like [T.M], [*T], [net.ErrClosed], [net/http.Serve], [256]byte, [sock.F].\nfunc F()\n// T is. See [G], [T.N], [net.Nothing].\ntype T int\n// M is.\nfunc (T) M()"), []string{"the link [G] leads nowhere", "the link [T.N] leads nowhere", "the link [net.Nothing] leads nowhere"}},
		{"identifiers", "a.go", pack("// FooBar is like os.ErrDeadlineExceeded, FooBaz and net.FooBaz on OpenBSD: 1 MiB.\nfunc FooBar()"), []string{"the comment names FooBaz, which does not exist", "the comment names net.FooBaz, which does not exist"}},
		{"an option", "tests/a_test.go", "package p\nimport o " + opts + "\nvar x = o.TypeOf\nfunc f() { o.A.Set(1); y := o.A; y = o.B; (o.C), y = y, y; for o.D = range y {}; p(&o.E) }",
			[]string{"an option is a constant: nothing may assign o.C", "an option is a constant: nothing may assign o.D", "an option is a constant: nothing may assign o.E"}},
		{"no option", "tests/a_test.go", "package p\nfunc f() { sockopt.A = 1 }", nil},
		{"a package", "internal/a/a.go", "package p", []string{"package p has no comment"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for i := range c.want {
				c.want[i] = c.file + ": " + c.want[i]
			}
			got := tree(t, map[string]string{c.file: c.text, "internal/x/x.go": pack("")})
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for name, text := range map[string]string{
		"a_test.go":       "package p\nfunc TestThere() {}\n",
		"CONTRIBUTING.md": "one\n`TestThere` and `TestMissing`, `TestMain`, TestUnquoted\n",
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, err := parse(root)
	if err != nil {
		t.Fatal(err)
	}
	if got := claims(root, files); len(got) != 1 || !strings.HasSuffix(got[0], "CONTRIBUTING.md:2: there is no TestMissing") {
		t.Errorf("%q", got)
	}
}

func TestBacked(t *testing.T) {
	t.Parallel()
	readme := "\n## What is where\n\n| | sock |\n|---|---|\n| files, all | yes |\n| deadlines | yes |\n\n## Figures\n| | a |\n|---|---|\n| b | c |\n"
	table := func(rows ...string) string {
		return "\n## What backs README's table\n\n| row | ours |\n|---|---|\n| " + strings.Join(rows, " | `TestA` |\n| ") + " | `TestA` |\n"
	}
	for contributing, want := range map[string]string{
		table("files", "deadlines"):          "",
		table("files"):                       `nothing backs the row "deadlines"`,
		table("deadlines", "files"):          `nothing backs the row "files, all"`,
		table("files", "deadlines", "other"): `has no row "other"`,
		"":                                   `nothing backs the row "files, all"`,
	} {
		got := strings.Join(backed(readme, contributing), "\n")
		if !strings.Contains(got, want) || got == "" != (want == "") {
			t.Errorf("%q: %q, want %q", contributing, got, want)
		}
	}
	if len(backed("", table("files"))) == 0 {
		t.Error("a README.md without the table passes")
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"// It Told him.\nfunc goneSoon() {}":             {"told", "goneSoon"},
		"// This is thistle.\nvar history, untold = 1, 2": nil,
		"var s = `for\n\tever gone`":                      {"gone", "for ever"},
	} {
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, "a.go", "package p\n"+text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, b := range words(&file{ast: tree, set: set}) {
			_, quoted, _ := strings.Cut(b, "the word ")
			got = append(got, strings.Trim(quoted, `"`))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// A nested module must not assign an option either.
func TestAssignedNested(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":       "module " + module,
		"a.go":         "package p\nimport " + opts + "\nfunc f() { sockopt.A = 1 }", // for assigned
		"bench/go.mod": "module m",
		"bench/b.go":   "package p\nimport " + opts + "\nfunc f() { sockopt.B = 1 }",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	broken, err := assignedNested(root)
	if err != nil || len(broken) != 1 || !strings.HasSuffix(broken[0], "nothing may assign sockopt.B") {
		t.Errorf("%q, %v", broken, err)
	}
}
