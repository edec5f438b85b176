package main

import (
	"errors"
	"io/fs"
	"mime"
	"net/url"
	"os"
	"path"
	"strings"
	"syscall"
)

// A site is the set of files that can be requested.
type site struct {
	root  *os.Root // nil: there are no files
	calls *recorder
}

// find returns the file of a request, or the reason for a refusal.
func (s site) find(c *client, r request) answer {
	if a, ok := s.page(c, r); ok {
		return a
	}
	if s.root == nil {
		return refused(404)
	}
	a, err := s.open(r.path)
	var no refusal
	switch {
	case err == nil:
		return a
	case errors.As(err, &no):
		return refused(no)
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG):
		return refused(404)
	case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE):
		return refused(503)
	}
	return refused(403) // not readable, or a link that leads out of the root
}

// open opens a file of the root. A client's text becomes the name of a file, so it is
// checked twice: legal refuses names that no browser requests, and an os.Root, with the
// kernel's help, never opens anything outside, whatever the name and the links on the
// way.
func (s site) open(p string) (answer, error) {
	if err := legal(p); err != nil {
		return answer{}, err
	}
	name := strings.Trim(p, "/")
	if name == "" {
		name = "."
	}
	info, err := s.root.Stat(name)
	if err != nil {
		return answer{}, err
	}
	if info.IsDir() {
		if !strings.HasSuffix(p, "/") {
			// Otherwise links in it would lead to its neighbours.
			a := refused(301)
			a.more = []string{"Location: " + (&url.URL{Path: p + "/"}).EscapedPath()}
			return a, nil
		}
		name = path.Join(name, "index.html")
		if info, err = s.root.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return answer{}, refusal(403) // the content of a folder is not shown
		} else if err != nil {
			return answer{}, err
		}
	} else if strings.HasSuffix(p, "/") {
		return answer{}, refusal(404)
	}
	// Opening a pipe would wait for a writer, and opening a device may do anything.
	if !info.Mode().IsRegular() {
		return answer{}, refusal(403)
	}
	f, err := s.root.Open(name)
	if err != nil {
		return answer{}, err
	}
	if info, err = f.Stat(); err != nil || !info.Mode().IsRegular() { // it may be another file now
		f.Close()
		return answer{}, refusal(403)
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "application/octet-stream"
	}
	return answer{status: 200, kind: kind, file: f, size: info.Size()}, nil
}

// legal refuses names that are no file's name here: with a backslash, a NUL or another
// control character, with two slashes in a row (an encoded one counts), or with a folder
// or file that begins with a dot. Those are ".." and hidden files.
func legal(p string) error {
	for _, c := range p {
		if c < ' ' || c == 0x7f || c == '\\' || c == '\ufffd' {
			return refusal(400)
		}
	}
	switch {
	case strings.Contains(p, "//"):
		return refusal(404)
	case strings.Contains(p, "/."):
		return refusal(403)
	}
	return nil
}
