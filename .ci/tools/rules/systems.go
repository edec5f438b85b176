package main

import (
	"cmp"
	"go/build/constraint"
	"path/filepath"
	"slices"
	"strings"
)

// goos are the systems that a file name or a build constraint may name. The go command knows
// unix in constraints only.
var goos = []string{
	"aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "js", "linux",
	"netbsd", "openbsd", "plan9", "solaris", "unix", "wasip1", "windows",
}

// systems finds files for some systems only, in the packages that must be the same on every
// system: by their name, as in a_linux.go or a_linux_arm64.go, and by a build constraint.
// Such a file belongs to internal. Tests may be for one system.
func systems(f *file) (broken []string) {
	if f.test || !slices.Contains([]string{".", "sockopt", "cmsg"}, f.folder) {
		return nil
	}
	name := filepath.Base(f.set.Position(f.ast.Package).Filename)
	parts := strings.Split(strings.TrimSuffix(name, ".go"), "_")
	for i, p := range parts {
		if i > 0 && i >= len(parts)-2 && p != "unix" && slices.Contains(goos, p) {
			broken = append(broken, f.at(f.ast.Package, "a file for %s belongs to internal", p))
		}
	}
	for _, group := range f.ast.Comments {
		for _, c := range group.List {
			if !constraint.IsGoBuild(c.Text) || c.Pos() > f.ast.Package {
				continue
			}
			x, err := constraint.Parse(c.Text)
			if err != nil {
				continue // the compiler's
			}
			if os := systemOf(x); os != "" {
				broken = append(broken, f.at(c.Pos(), "a build constraint for %s belongs to internal", os))
			}
		}
	}
	return broken
}

// systemOf returns a system that a constraint names, or "".
func systemOf(x constraint.Expr) string {
	switch x := x.(type) {
	case *constraint.TagExpr:
		if slices.Contains(goos, x.Tag) {
			return x.Tag
		}
	case *constraint.NotExpr:
		return systemOf(x.X)
	case *constraint.AndExpr:
		return cmp.Or(systemOf(x.X), systemOf(x.Y))
	case *constraint.OrExpr:
		return cmp.Or(systemOf(x.X), systemOf(x.Y))
	}
	return ""
}
