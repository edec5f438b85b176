package main

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/berkeleysockets/sock"

// arrows lists what the files of a folder may import of this module, and what its tests may
// import in addition. The first line whose folder has the file decides. A path that ends in
// ... includes the folders below it. The order is that of CONTRIBUTING.md's drawing, from
// the lowest layer: every arrow runs down.
var arrows = []struct {
	folder         string
	imports, tests []string
}{
	{"internal/sys", nil, nil},
	{"internal/refcount", []string{"internal/sys"}, nil},
	{"internal/leakcheck", []string{"internal/sys"}, nil},
	{"internal/trace", []string{"internal/sys"}, nil},
	{"internal/testhook", []string{"internal/sys"}, nil},
	{"internal/netpoll", []string{"internal/trace", "internal/sys"}, nil},
	{"internal/selector", []string{"internal/netpoll", "internal/trace", "internal/sys"}, nil},
	{"internal/sockfd", []string{"internal/netpoll", "internal/refcount", "internal/leakcheck", "internal/trace", "internal/sys"}, nil},
	{"internal/splice", []string{"internal/sockfd", "internal/trace", "internal/sys"}, nil},
	{"cmsg", []string{"internal/sys"}, nil},
	{".", []string{"cmsg", "internal/..."}, []string{"sockopt", "socktest"}},
	{"sockopt", []string{".", "cmsg", "internal/sys"}, []string{"socktest"}},
	{"socktest", []string{".", "internal/..."}, []string{"sockopt", "cmsg"}},
	{"tests", []string{".", "cmsg", "sockopt", "socktest", "internal/..."}, nil},
	{"examples/internal/programtest", []string{"socktest"}, nil},
	{"examples/internal", []string{".", "cmsg", "sockopt"}, nil},
	{"examples", []string{".", "cmsg", "sockopt", "examples/internal/program"}, []string{"examples/internal/programtest"}},
}

// imports finds arrows that run up, and what only internal may import.
func imports(f *file) (broken []string) {
	for _, i := range f.ast.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		kernel := path == "unsafe" || path == "golang.org/x/sys" || strings.HasPrefix(path, "golang.org/x/sys/")
		if kernel && !f.test && !f.within("internal") {
			broken = append(broken, f.at(i.Pos(), "only internal may import %s", path))
		}
		if folder, ok := inModule(path); ok && !allowed(f, folder) {
			broken = append(broken, f.at(i.Pos(), "folder %s may not import %s", f.folder, path))
		}
	}
	return broken
}

func inModule(path string) (folder string, ok bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

// allowed reports whether f may import a folder. Every test may import its own.
func allowed(f *file, folder string) bool {
	if f.test && f.folder == folder {
		return true
	}
	for _, a := range arrows {
		if !f.within(a.folder) {
			continue
		}
		may := a.imports
		if f.test {
			may = slices.Concat(may, a.tests)
		}
		for _, m := range may {
			below, all := strings.CutSuffix(m, "...")
			if folder == m || all && strings.HasPrefix(folder, below) {
				return true
			}
		}
		return false
	}
	return false // a new folder needs a line above
}

// traps finds trap numbers outside internal.
func traps(f *file) (broken []string) {
	if f.test || f.within("internal") {
		return nil
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && strings.HasPrefix(id.Name, "SYS_") {
			broken = append(broken, f.at(id.Pos(), "%s: trap numbers belong to internal", id.Name))
		}
		return true
	})
	return broken
}
