package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// A builder builds the programs in a folder that is removed at the end.
type builder struct {
	source, to string
}

func newBuilder() (*builder, error) {
	_, file, _, _ := runtime.Caller(0)
	source := filepath.Dir(file)
	if _, err := os.Stat(filepath.Join(source, "c")); err != nil {
		return nil, fmt.Errorf("run it from its source: %w", err)
	}
	to, err := os.MkdirTemp("", "bench")
	return &builder{source, to}, err
}

func (b *builder) close() error { return os.RemoveAll(b.to) }

func (b *builder) path(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(b.to, name)
}

func (b *builder) goProgram(ctx context.Context, folder, name string) (string, error) {
	return b.path(name), b.run(ctx, "go", "build", "-buildvcs=false", "-o", b.path(name), "./"+folder)
}

func (b *builder) cProgram(ctx context.Context, file, name string, libs ...string) (string, error) {
	return b.path(name), b.run(ctx, "gcc", append([]string{"-O2", "-o", b.path(name), filepath.Join("c", file)}, libs...)...)
}

func (b *builder) run(ctx context.Context, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = b.source
	out, err := c.CombinedOutput()
	if err == nil {
		return nil
	}
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("no %s here", name)
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return fmt.Errorf("%s: %w: %s", strings.Join(append([]string{name}, args...), " "), err, first)
}

// file writes the file to send: mib MiB, which the kernel keeps in memory.
func (b *builder) file(mib int) (string, error) {
	p := make([]byte, mib<<20)
	for i := range p {
		p[i] = byte(i * 31)
	}
	path := b.path("file")
	return path, os.WriteFile(path, p, 0o600)
}
