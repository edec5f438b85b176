package main

import (
	"go/ast"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
)

// assigned finds what overwrites an option of package sockopt, or could: an assignment to the
// variable, or its address. Every user of the package shares the variables.
func assigned(f *file) (broken []string) {
	pack := ""
	for _, i := range f.ast.Imports {
		if p, _ := strconv.Unquote(i.Path.Value); p == module+"/sockopt" {
			if pack = path.Base(p); i.Name != nil {
				pack = i.Name.Name
			}
		}
	}
	if pack == "" {
		return nil
	}
	check := func(exprs ...ast.Expr) {
		for _, x := range exprs {
			if sel, ok := ast.Unparen(x).(*ast.SelectorExpr); ok {
				if id, ok := sel.X.(*ast.Ident); ok && id.Name == pack {
					broken = append(broken, f.at(x.Pos(), "an option is a constant: nothing may assign %s.%s", pack, sel.Sel.Name))
				}
			}
		}
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			check(n.Lhs...)
		case *ast.RangeStmt:
			if n.Key != nil {
				check(n.Key)
			}
			if n.Value != nil {
				check(n.Value)
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				check(n.X)
			}
		}
		return true
	})
	return broken
}

// assignedNested is assigned for the modules in folders of the root module, to which the other
// rules do not apply.
func assignedNested(root string) (broken []string, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root || d.Name() != "go.mod" || filepath.Dir(path) == filepath.Clean(root) {
			return err
		}
		files, err := parse(filepath.Dir(path))
		for _, f := range files {
			broken = append(broken, assigned(f)...)
		}
		return err
	})
	return broken, err
}
