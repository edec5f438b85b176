//go:build linux || freebsd || netbsd || openbsd || dragonfly || darwin

package sock_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Level and number of each option are those of x/sys. If two options were swapped the tests
// that set and read back would not notice.
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
			t.Errorf("%s is not an option", name)
		}
	}
}

// optionSystems matches the end of the comment of an option.
var optionSystems = regexp.MustCompile(`Systems: (.*)\.$`)

var titles = map[string]string{"linux": "Linux", "freebsd": "FreeBSD", "netbsd": "NetBSD", "openbsd": "OpenBSD", "dragonfly": "DragonFly", "darwin": "macOS"}

// Every option of package sockopt is in the table. Its comment names this system if the system
// has it, and calls the option read-only if Set does.
func TestOptionTables(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../sockopt/*.go")
	if err != nil || len(files) == 0 {
		t.Skip("the source is not here")
	}
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			index, ok := spec.Type.(*ast.IndexExpr)
			if !ok {
				return true
			}
			if id, ok := index.X.(*ast.Ident); !ok || id.Name != "Option" {
				return true
			}
			found++
			name := spec.Names[0].Name
			if _, ok := optionCases[name]; !ok {
				t.Errorf("%s, in %s, is not in optionCases", name, file)
			}
			text := strings.Join(strings.Fields(spec.Doc.Text()), " ")
			listed := optionSystems.FindStringSubmatch(text)
			if listed == nil {
				t.Errorf("%s, in %s: its comment does not end with its systems", name, file)
				return true
			}
			_, known := optionNumbers[name]
			has := known && (runtime.GOOS == "linux" || name != "TCPInfo" && name != "TCPMD5Sig") // their values differ on other systems
			if says := listed[1] == "all" || strings.Contains(listed[1], titles[runtime.GOOS]); says != has {
				t.Errorf("%s: on %s: %v, and its comment names %s", name, runtime.GOOS, has, listed[1])
			}
			if err := setAny(optionCases[name].option, new(sock.Socket)); has && isReadOnly(err) != strings.Contains(text, "It is read-only") {
				t.Errorf("%s: Set returns %v, and its comment is %s", name, err, text)
			}
			return true
		})
	}
	if found != len(optionCases) {
		t.Errorf("%d options in the source, %d in optionCases", found, len(optionCases))
	}
}
