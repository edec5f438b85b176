//go:build linux || freebsd || netbsd || openbsd || dragonfly || darwin

package sock_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

type optionNumber struct {
	option      any
	level, name int
}

// optionNumbers is the second opinion on level and name of each option: two that
// were swapped would read back what was set all the same.
var optionNumbers = map[string]optionNumber{
	"AcceptConn":   {sock.AcceptConn, unix.SOL_SOCKET, unix.SO_ACCEPTCONN},
	"Broadcast":    {sock.Broadcast, unix.SOL_SOCKET, unix.SO_BROADCAST},
	"IPTTL":        {sock.IPTTL, unix.IPPROTO_IP, unix.IP_TTL},
	"IPv6Only":     {sock.IPv6Only, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY},
	"KeepAlive":    {sock.KeepAlive, unix.SOL_SOCKET, unix.SO_KEEPALIVE},
	"Linger":       {sock.Linger, unix.SOL_SOCKET, soLinger},
	"PendingError": {sock.PendingError, unix.SOL_SOCKET, unix.SO_ERROR},
	"RecvBuffer":   {sock.RecvBuffer, unix.SOL_SOCKET, unix.SO_RCVBUF},
	"ReuseAddr":    {sock.ReuseAddr, unix.SOL_SOCKET, unix.SO_REUSEADDR},
	"ReusePort":    {sock.ReusePort, unix.SOL_SOCKET, unix.SO_REUSEPORT},
	"SendBuffer":   {sock.SendBuffer, unix.SOL_SOCKET, unix.SO_SNDBUF},
	"TCPNoDelay":   {sock.TCPNoDelay, unix.IPPROTO_TCP, unix.TCP_NODELAY},
}

// Where the numbers differ by system and not by name, they stand here.
var soLinger = func() int {
	if lingerName() == "SO_LINGER_SEC" {
		return 0x1080
	}
	return unix.SO_LINGER
}()

func TestOptionNumbers(t *testing.T) {
	t.Parallel()
	for name, c := range optionNumbers {
		v := reflect.ValueOf(c.option)
		level, number := int(v.FieldByName("level").Int()), int(v.FieldByName("name").Int())
		if level != c.level || number != c.name {
			t.Errorf("%s is option %d of level %d, want %d of %d", name, number, level, c.name, c.level)
		}
		if got, want := c.option.(fmt.Stringer).String(), caseOf(name).cname; got != want {
			t.Errorf("%s prints as %s, want %s", name, got, want)
		}
	}
}

// Every option of the package is in both tables.
func TestOptionTables(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("what others have beyond the common ones has no cases yet")
	}
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
				if constant := lit.Elts[1].(*ast.SelectorExpr).Sel.Name; missingHere(constant) {
					continue
				}
				if _, ok := optionNumbers[name]; !ok {
					t.Errorf("%s, in %s, is not in optionNumbers", name, file)
				}
				if caseOf(name).try == nil {
					t.Errorf("%s, in %s, is not in optionCases", name, file)
				}
			}
			return true
		})
	}
}

// missingHere reports whether this system lacks a constant of internal/sys.
func missingHere(name string) bool {
	v, ok := sys.Lookup(name)
	return !ok || !sys.Has(v)
}

func caseOf(name string) optionCase {
	if c, ok := optionCases[name]; ok {
		return c
	}
	return linuxCases[name]
}
