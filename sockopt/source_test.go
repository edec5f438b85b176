package sockopt

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An optionSource is an option as the source has it: a variable of type Option, its comment,
// and what an init function assigns to it.
type optionSource struct {
	file, doc   string
	initialised bool     // in its declaration
	constants   []string // level and number of each assignment, as names of package sys
}

// sources returns the options of this folder by name, and the names of each declaration in
// their order.
func sources(t *testing.T) (all map[string]*optionSource, blocks [][]string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Skip("the source is not here")
	}
	all = map[string]*optionSource{}
	var assignments []*ast.AssignStmt
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				var block []string
				for _, s := range d.Specs {
					if v, ok := s.(*ast.ValueSpec); ok && d.Tok == token.VAR && v.Names[0].IsExported() {
						block = append(block, v.Names[0].Name)
						all[v.Names[0].Name] = &optionSource{file: file, doc: v.Doc.Text(), initialised: len(v.Values) > 0}
					}
				}
				blocks = append(blocks, block)
			case *ast.FuncDecl:
				if d.Name.Name == "init" {
					for _, s := range d.Body.List {
						if a, ok := s.(*ast.AssignStmt); ok {
							assignments = append(assignments, a)
						}
					}
				}
			}
		}
	}
	for _, a := range assignments {
		name, call := a.Lhs[0].(*ast.Ident), a.Rhs[0].(*ast.CallExpr)
		o := all[name.Name]
		if o == nil {
			t.Errorf("init assigns to %s, which is not declared", name.Name)
			continue
		}
		for _, arg := range call.Args[:2] {
			o.constants = append(o.constants, arg.(*ast.SelectorExpr).Sel.Name)
		}
	}
	return all, blocks
}

var optionDoc = regexp.MustCompile(`(?s)^(\w+) is ([A-Z][A-Z0-9_]+): .+\. Systems: (all|[A-Zm][\w ,.]+)\.$`)

// Every option has a comment with its C name and its systems, no initialiser in its
// declaration, and one level and number.
func TestOptionSource(t *testing.T) {
	t.Parallel()
	all, blocks := sources(t)
	if len(all) < 241 {
		t.Errorf("%d options", len(all))
	}
	for name, o := range all {
		m := optionDoc.FindStringSubmatch(strings.Join(strings.Fields(o.doc), " "))
		switch {
		case o.initialised:
			t.Errorf("%s: %s has an initialiser in its declaration", o.file, name)
		case m == nil || m[1] != name:
			t.Errorf("%s: the comment of %s does not name it, its C name and its systems: %q", o.file, name, o.doc)
		case len(o.constants) != 2:
			t.Errorf("%s: init assigns %s %q, want one level and one number", o.file, name, o.constants)
		case o.constants[1] != m[2]:
			t.Errorf("%s: %s is %s, and its comment names %s", o.file, name, o.constants[1], m[2])
		}
	}
	for _, block := range blocks {
		byC := func(a, b string) int { return strings.Compare(cName(all[a]), cName(all[b])) }
		if !slices.IsSortedFunc(block, byC) {
			slices.SortFunc(block, byC)
			t.Errorf("not in the order of the C names, which is %s", block)
		}
	}
}

func cName(o *optionSource) string {
	if len(o.constants) != 2 {
		return ""
	}
	return o.constants[1]
}

// goWords are the words of C names that are other words in Go.
var goWords = map[string]string{
	"BUF": "BUFFER", "CNX": "CONN", "RCVBUF": "RECVBUFFER", "SNDBUF": "SENDBUFFER", "RCVBUFFORCE": "RECVBUFFERFORCE", "SNDBUFFORCE": "SENDBUFFERFORCE",
	"RCVLOWAT": "RECVLOWWATER", "SNDLOWAT": "SENDLOWWATER", "LOWAT": "LOWWATER", "RCVMARK": "RECVMARK", "RCVPRIORITY": "RECVPRIORITY",
	"LISTENINCQLEN": "LISTENINCOMPLETEQUEUELEN", "LISTENQLEN": "LISTENQUEUELEN", "LISTENQLIMIT": "LISTENQUEUELIMIT", "RXQ": "RXQUEUE", "OVFL": "OVERFLOW",
	"OFF": "OFFSET", "SZ": "SIZE", "CHK": "CHECK", "TS": "TIMESTAMP", "KEEPCNT": "KEEPCOUNT", "KEEPINTVL": "KEEPINTERVAL", "SYNCNT": "SYNCOUNT",
}

// otherNames are options whose Go name does not follow from the C name: the level is that of
// IPv4 or IPv6 although the name does not begin with it, or it would be there twice.
var otherNames = map[string]string{"IPOriginalDst": "SO_ORIGINAL_DST", "IPv6OriginalDst": "IP6T_SO_ORIGINAL_DST", "IPv6Only": "IPV6_V6ONLY"}

// The Go name is the C name in Go's words.
func TestOptionNames(t *testing.T) {
	t.Parallel()
	all, _ := sources(t)
	for name, o := range all {
		c := cName(o)
		if otherNames[name] == c {
			continue
		}
		c = strings.Replace(c, "SO_VM_SOCKETS_", "VSOCK_", 1)
		c = strings.TrimPrefix(c, "SO_")
		c = strings.TrimSuffix(strings.TrimSuffix(c, "_US"), "_MS") // the value is a time.Duration
		want := ""
		for _, w := range strings.Split(c, "_") {
			if g := goWords[w]; g != "" {
				w = g
			}
			want += w
		}
		if !strings.EqualFold(name, want) {
			t.Errorf("%s: the option is %s", name, cName(o))
		}
	}
}
