package main

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A test as documentation names it: `TestClose`.
var testName = regexp.MustCompile("`((?:Test|Example|Fuzz)[A-Z_]\\w*)`")

// claims finds tests that CONTRIBUTING.md names and that do not exist.
func claims(root string, files []*file) (broken []string) {
	text, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		return nil // a tree of the tests of rules
	}
	tests := map[string]bool{}
	for _, f := range files {
		if !f.test {
			continue
		}
		for _, d := range f.ast.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && d.Recv == nil {
				tests[d.Name.Name] = true
			}
		}
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		for _, m := range testName.FindAllStringSubmatch(line, -1) {
			if !tests[m[1]] && m[1] != "TestMain" {
				broken = append(broken, filepath.Join(root, "CONTRIBUTING.md")+":"+strconv.Itoa(number)+": there is no "+m[1])
			}
		}
	}
	return broken
}
