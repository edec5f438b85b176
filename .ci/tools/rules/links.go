package main

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// The packages whose documentation users read.
var documented = map[string]string{".": "sock", "sockopt": "sockopt", "cmsg": "cmsg", "socktest": "socktest"}

var (
	// [Socket.Send], [net.ErrClosed], [*Poller]; not the index of a [256]byte.
	link = regexp.MustCompile(`\[\*?((?:[\pL_][\pL\pN_/]*\.)?[\pL_][\pL\pN_]*(?:\.[\pL_][\pL\pN_]*)?)\]`)
	// An identifier by its shape alone: two words in one, not all capitals.
	shaped = regexp.MustCompile(`(?:\b([a-z]\w*)\.)?\b([A-Z]\w*[a-z]\w*[A-Z]\w*|[A-Z]{2,}[a-z]\w*)\b`)
)

// What is shaped like an identifier and is a name of the world.
var proper = map[string]bool{
	"FreeBSD": true, "NetBSD": true, "OpenBSD": true, "DragonFly": true, "WinSock": true, "MacOS": true,
	"BSDs": true, "IPv4": true, "IPv6": true, "ICMPv6": true, "EtherType": true, "EtherTypes": true, "VMware": true, "VSockets": true, "KiB": true, "MiB": true, "GiB": true, "TestMain": true,
}

// Packages of others that the documentation refers to.
var others = map[string]bool{"bpf": true, "ipv4": true, "ipv6": true, "quic": true, "unix": true}

// links finds doc links and identifiers in doc comments that exist nowhere.
func links(files []*file) (broken []string) {
	known := exported(files)
	for _, f := range files {
		if f.test || documented[f.folder] == "" {
			continue
		}
		for _, doc := range docs(f.ast) {
			text := doc.Text()
			for _, m := range link.FindAllStringSubmatch(text, -1) {
				if !resolves(m[1], f.folder, known) {
					broken = append(broken, f.at(doc.Pos(), "the link [%s] leads nowhere", m[1]))
				}
			}
			for _, m := range shaped.FindAllStringSubmatch(link.ReplaceAllString(text, ""), -1) {
				if pack, name := m[1], m[2]; !proper[name] && !known.names[name] && !others[pack] && (pack == "" || !standard(pack, name)) && !goName(name) {
					broken = append(broken, f.at(doc.Pos(), "the comment names %s, which does not exist", m[0]))
				}
			}
		}
	}
	return broken
}

// An index has the exported names of the documented packages.
type index struct {
	of    map[string]bool // folder + "." + name, and folder + "." + type + "." + member
	names map[string]bool // each alone
}

func exported(files []*file) index {
	x := index{map[string]bool{}, map[string]bool{}}
	for _, f := range files {
		if documented[f.folder] == "" || f.test {
			continue
		}
		add := func(parts ...string) {
			x.of[f.folder+"."+strings.Join(parts, ".")] = true
			x.names[parts[len(parts)-1]] = true
		}
		x.names[f.ast.Name.Name] = true
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if r := receiver(d); r != "" {
					add(r, d.Name.Name)
				} else {
					add(d.Name.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						add(s.Name.Name)
						members(s.Type, func(name string) { add(s.Name.Name, name) })
					case *ast.ValueSpec:
						for _, n := range s.Names {
							add(n.Name)
						}
					}
				}
			}
		}
	}
	return x
}

// members calls add with the fields of a struct, or the methods of an interface.
func members(t ast.Expr, add func(string)) {
	var list *ast.FieldList
	switch t := t.(type) {
	case *ast.StructType:
		list = t.Fields
	case *ast.InterfaceType:
		list = t.Methods
	default:
		return
	}
	for _, field := range list.List {
		for _, n := range field.Names {
			add(n.Name)
		}
	}
}

// receiver returns the name of a method's type, or nothing.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	name := ""
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return name == ""
	})
	return name
}

// docs lists the doc comments of a file.
func docs(f *ast.File) (list []*ast.CommentGroup) {
	add := func(groups ...*ast.CommentGroup) {
		for _, g := range groups {
			if g != nil {
				list = append(list, g)
			}
		}
	}
	add(f.Doc)
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && receiverExported(d) {
				add(d.Doc)
			}
		case *ast.GenDecl:
			add(d.Doc)
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					if s.Name.IsExported() {
						add(s.Doc, s.Comment)
					}
				case *ast.ValueSpec:
					if s.Names[0].IsExported() {
						add(s.Doc, s.Comment)
					}
				}
			}
		}
	}
	return list
}

// resolves reports whether a doc link in a folder's documentation leads somewhere.
func resolves(target, folder string, known index) bool {
	if known.of[folder+"."+target] || standard(target, "") {
		return true
	}
	slash := strings.LastIndexByte(target, '/')
	pack, name, ok := strings.Cut(target[slash+1:], ".")
	if !ok {
		return false
	}
	pack = target[:slash+1] + pack
	for at, own := range documented {
		if own == pack || path.Join(module, at) == pack {
			return known.of[at+"."+name]
		}
	}
	first, _, _ := strings.Cut(name, ".")
	return standard(pack, first)
}

// goName reports whether an identifier that stands alone is of the language's own
// libraries as this project speaks of them.
func goName(name string) bool {
	for _, pack := range []string{"net", "io", "os", "syscall", "net/http", "net/netip", "os/exec", "context", "time", "errors", "testing"} {
		if standard(pack, name) {
			return true
		}
	}
	return false
}

var (
	standardMu    sync.Mutex
	standardNames = map[string]map[string]bool{}
)

// standard reports whether a package of the standard library exports a name, as
// any system has it; or, without a name, whether there is such a package.
func standard(pack, name string) bool {
	standardMu.Lock()
	defer standardMu.Unlock()
	names, ok := standardNames[pack]
	if !ok {
		names = load(pack)
		standardNames[pack] = names
	}
	return names != nil && (name == "" || names[name])
}

func load(pack string) map[string]bool {
	for _, full := range []string{pack, "net/" + pack, "os/" + pack, "crypto/" + pack, "golang.org/x/" + pack} {
		p, err := build.Import(full, "", build.FindOnly)
		if err != nil || !p.Goroot {
			continue
		}
		names := map[string]bool{}
		paths, _ := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		for _, path := range paths {
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err == nil && !strings.HasSuffix(path, "_test.go") {
				declared(f, func(name string) { names[name] = true })
			}
		}
		return names
	}
	return nil
}

// declared calls add with the names that a file declares, fields and methods of
// interfaces too.
func declared(f *ast.File, add func(string)) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			add(d.Name.Name)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					add(s.Name.Name)
					members(s.Type, add)
				case *ast.ValueSpec:
					for _, n := range s.Names {
						add(n.Name)
					}
				}
			}
		}
	}
}
