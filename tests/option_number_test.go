//go:build linux || freebsd || netbsd || openbsd || dragonfly || darwin

package sock_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/internal/sys"
)

// A second opinion on level and name of each option: two that were swapped would
// read back what was set all the same.
func TestOptionNumbers(t *testing.T) {
	t.Parallel()
	for name, c := range optionCases {
		v := reflect.ValueOf(c.option)
		level, number := int(v.FieldByName("level").Int()), int(v.FieldByName("name").Int())
		want, known := optionNumbers[name]
		if here := level > sys.Missing && number > sys.Missing; here != known {
			t.Errorf("%s: option %d of level %d, in optionNumbers: %v", name, number, level, known)
		} else if known && (level != want[0] || number != want[1]) {
			t.Errorf("%s is option %d of level %d, want %d of %d", name, number, level, want[1], want[0])
		}
		if got := c.option.(fmt.Stringer).String(); got != c.cname {
			t.Errorf("%s prints as %s, want %s", name, got, c.cname)
		}
	}
	for name := range optionNumbers {
		if _, ok := optionCases[name]; !ok {
			t.Errorf("%s is no option", name)
		}
	}
}

// Every option of the package is in the table.
func TestOptionTables(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Skip("no source here")
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			for i, v := range spec.Values {
				lit, ok := v.(*ast.CompositeLit)
				if !ok {
					continue
				}
				index, ok := lit.Type.(*ast.IndexExpr)
				if !ok {
					continue
				}
				if id, ok := index.X.(*ast.Ident); !ok || id.Name != "Option" {
					continue
				}
				name := spec.Names[i].Name
				if _, ok := optionCases[name]; !ok {
					t.Errorf("%s, in %s, is not in optionCases", name, file)
				}
			}
			return true
		})
	}
}
