package main

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
	"unicode"
)

// Words that a reader whose English is a second language stumbles over, or that
// say nothing of a program: CONTRIBUTING.md, "Documentation".
var banned = map[string]bool{
	"tells": true, "told": true, "gone": true, "whoever": true, "stranger": true, "strangers": true,
	"theirs": true, "his": true, "vain": true, "anew": true, "seldom": true, "forever": true,
}

var (
	word    = regexp.MustCompile(`[\pL\pN_]+`)
	forEver = regexp.MustCompile(`\bfor\s+ever\b`)
)

// words finds banned words in comments, identifiers and string literals.
func words(f *file) (broken []string) {
	say := func(p token.Pos, w string) { broken = append(broken, f.at(p, "the word %q", w)) }
	for _, group := range f.ast.Comments {
		for _, c := range group.List {
			for _, w := range bannedIn(c.Text) {
				say(c.Pos(), w)
			}
		}
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			for _, part := range camel(n.Name) {
				if part = strings.ToLower(part); banned[part] {
					say(n.Pos(), n.Name)
				}
			}
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				for _, w := range bannedIn(n.Value) {
					say(n.Pos(), w)
				}
			}
		}
		return true
	})
	return broken
}

// bannedIn lists the banned words of a text.
func bannedIn(text string) (list []string) {
	text = strings.ToLower(text)
	for _, w := range word.FindAllString(text, -1) {
		if banned[w] {
			list = append(list, w)
		}
	}
	for range forEver.FindAllString(text, -1) {
		list = append(list, "for ever")
	}
	return list
}

// camel splits an identifier into its words: goneSoon is gone and Soon.
func camel(name string) (parts []string) {
	start := 0
	runes := []rune(name)
	for i := 1; i < len(runes); i++ {
		if runes[i] == '_' || unicode.IsUpper(runes[i]) && !unicode.IsUpper(runes[i-1]) {
			parts = append(parts, strings.Trim(string(runes[start:i]), "_"))
			start = i
		}
	}
	return append(parts, strings.Trim(string(runes[start:]), "_"))
}
