// Rules tells where the files of the root module, whatever system they are for,
// break a rule of the house that no compiler knows: who may import whom, what
// stays under internal/, that what is exported is documented, and in which words.
//
//	rules ROOT [NESTED MODULE ...]
//
// Of the nested modules it reads the words alone.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: rules ROOT [NESTED MODULE ...]")
	}
	files, err := parse(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	broken := append(check(files), claims(os.Args[1], files)...)
	for _, nested := range os.Args[2:] {
		more, err := parse(nested)
		if err != nil {
			log.Fatal(err)
		}
		for _, f := range more {
			broken = append(broken, words(f)...)
		}
	}
	nested, err := assignedNested(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	broken = append(broken, nested...)
	for _, b := range broken {
		fmt.Println(b)
	}
	if len(broken) > 0 {
		os.Exit(1)
	}
}

// A file is one Go file and the folder it lies in, from the root, with slashes.
type file struct {
	folder string
	test   bool
	ast    *ast.File
	set    *token.FileSet
}

// within reports whether the file is in a folder or below it.
func (f *file) within(folder string) bool {
	return f.folder == folder || strings.HasPrefix(f.folder, folder+"/")
}

// at writes a complaint about a place.
func (f *file) at(p token.Pos, format string, args ...any) string {
	return fmt.Sprintf("%s: %s", f.set.Position(p), fmt.Sprintf(format, args...))
}

func parse(root string) (files []*file, err error) {
	set := token.NewFileSet()
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && foreign(path):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(set, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		files = append(files, &file{filepath.ToSlash(folder), strings.HasSuffix(path, "_test.go"), tree, set})
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s: no Go files", root)
	}
	return files, err
}

// foreign reports whether a folder is none of the root module's, as the go
// command sees it.
func foreign(path string) bool {
	name := filepath.Base(path)
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil || name == "testdata" || name[0] == '.' || name[0] == '_'
}

func check(files []*file) (broken []string) {
	for _, f := range files {
		broken = append(broken, imports(f)...)
		broken = append(broken, traps(f)...)
		broken = append(broken, systems(f)...)
		broken = append(broken, comments(f)...)
		broken = append(broken, words(f)...)
		broken = append(broken, assigned(f)...)
	}
	broken = append(broken, packageComments(files)...)
	return append(broken, links(files)...)
}
