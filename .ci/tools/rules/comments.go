package main

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
)

// comments finds exported names without a comment, or with half of one, in the
// packages for users. A comment on a group speaks for the group.
func comments(f *file) (broken []string) {
	if f.test || documented[f.folder] == "" {
		return nil
	}
	missing := func(kind string, name *ast.Ident) {
		broken = append(broken, f.at(name.Pos(), "%s %s has no comment", kind, name.Name))
	}
	for _, d := range f.ast.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if !d.Name.IsExported() || !receiverExported(d) {
				continue
			}
			if d.Doc == nil {
				missing("func", d.Name)
				continue
			}
			for _, lack := range lacks(d) {
				broken = append(broken, f.at(d.Name.Pos(), "the comment of func %s %s", d.Name.Name, lack))
			}
		case *ast.GenDecl:
			if d.Doc != nil && d.Tok != token.TYPE {
				continue
			}
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					if s.Name.IsExported() && s.Doc == nil && (d.Doc == nil || d.Lparen.IsValid()) {
						missing("type", s.Name)
					}
				case *ast.ValueSpec:
					for _, n := range s.Names {
						if n.IsExported() && s.Doc == nil && s.Comment == nil {
							missing(d.Tok.String(), n)
						}
					}
				}
			}
		}
	}
	return broken
}

var call = regexp.MustCompile(`\b[a-z0-9]+\(2\)`)

// lacks tells what the comment of a function does not say: CONTRIBUTING.md,
// "Documentation".
func lacks(d *ast.FuncDecl) (lack []string) {
	text := d.Doc.Text()
	if !strings.HasPrefix(text, d.Name.Name+" ") {
		lack = append(lack, "does not begin with its name")
	}
	if fails(d) && !strings.Contains(text, "\nErrors: ") {
		lack = append(lack, "names no errors")
	}
	if c := call.FindString(text); c != "" && !strings.Contains(text, "\nSource: ") {
		lack = append(lack, "names "+c+" and no source")
	}
	return lack
}

// fails reports whether a function's last result is an error of its own: Unwrap's
// is somebody else's.
func fails(d *ast.FuncDecl) bool {
	r := d.Type.Results
	if r == nil || d.Name.Name == "Unwrap" {
		return false
	}
	last, ok := r.List[len(r.List)-1].Type.(*ast.Ident)
	return ok && last.Name == "error"
}

// receiverExported reports whether a function is one, or a method of an
// exported type.
func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

// packageComments finds packages that do not say what they are for.
func packageComments(files []*file) (broken []string) {
	type pack struct{ folder, name string }
	of := func(f *file) pack { return pack{f.folder, f.ast.Name.Name} }
	has := map[pack]bool{}
	for _, f := range files {
		has[of(f)] = has[of(f)] || f.ast.Doc != nil && !f.test
	}
	for _, f := range files {
		if !f.test && !has[of(f)] {
			broken = append(broken, f.at(f.ast.Name.Pos(), "package %s has no comment", f.ast.Name.Name))
			has[of(f)] = true // once is enough
		}
	}
	return broken
}
