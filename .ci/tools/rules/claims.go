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

// firstCell is the first cell of a row of a table.
var firstCell = regexp.MustCompile(`^\| *([^|]*[^| ]) *\|`)

// rows returns the first cells of the table under a heading, without that of its head.
func rows(text, heading string) (cells []string) {
	_, text, _ = strings.Cut(text, "\n## "+heading+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	ruled := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "|--") {
			ruled = true
		} else if m := firstCell.FindStringSubmatch(line); m != nil && ruled {
			cells = append(cells, m[1])
		}
	}
	return cells
}

// backed finds the first row of README.md's comparison that CONTRIBUTING.md does not
// back: there it is named by its first words, and in the same order.
func backed(readme, contributing string) (broken []string) {
	claimed, backs := rows(readme, "What is where"), rows(contributing, "What backs README's table")
	if len(claimed) == 0 {
		return []string{"README.md: no table under What is where"}
	}
	for i, row := range claimed {
		if i >= len(backs) || !strings.HasPrefix(row, backs[i]) {
			return []string{"CONTRIBUTING.md: nothing backs the row " + strconv.Quote(row) + " of README.md"}
		}
	}
	for _, row := range backs[len(claimed):] {
		broken = append(broken, "CONTRIBUTING.md: README.md has no row "+strconv.Quote(row))
	}
	return broken
}

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
	if readme, err := os.ReadFile(filepath.Join(root, "README.md")); err == nil {
		broken = backed(string(readme), string(text))
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
