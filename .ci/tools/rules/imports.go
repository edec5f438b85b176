package main

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/berkeleysockets/sock"

// What the files of a folder may import of this module, and what their tests
// may besides; a path that ends in ... includes what is below it.
var arrows = []struct {
	folder         string
	imports, tests []string
}{
	{"internal", []string{"internal/..."}, nil},
	{"socktest", []string{".", "internal/..."}, []string{"socktest"}},
	{"examples/internal/programtest", []string{"socktest"}, nil},
	{"examples/internal", []string{"."}, nil},
	{"examples", []string{".", "examples/internal/program"}, []string{"examples/internal/programtest"}},
	{".", []string{"internal/..."}, []string{".", "socktest"}},
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

func allowed(f *file, folder string) bool {
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
