package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/berkeleysockets/sock"
)

// demo starts its own servers, fetches a page by http and by https, and then tries an
// address without a server.
func demo(ctx context.Context) error {
	own, roots, err := certificate()
	if err != nil {
		return err
	}
	open, err := serve(nil)
	if err != nil {
		return err
	}
	defer open.Close()
	secret, err := serve(&tls.Config{Certificates: []tls.Certificate{own}})
	if err != nil {
		return err
	}
	defer secret.Close()
	nobody, err := bound() // has a port and never listens
	if err != nil {
		return err
	}
	defer nobody.Close()

	b := browser{
		family:  sock.Inet, // these servers listen at 127.0.0.1 only
		roots:   roots,
		timeout: 10 * time.Second,
		say:     func(format string, a ...any) { fmt.Printf(format+"\n", a...) },
		open:    func() (io.WriteCloser, error) { return kept{os.Stdout}, nil },
	}
	visit := func(scheme string, at *sock.Socket, path string) error {
		name, err := at.Sockname()
		if err != nil {
			return err
		}
		u, err := parse(fmt.Sprintf("%s://localhost:%d%s", scheme, name.Port(), path))
		if err != nil {
			return err
		}
		fmt.Println("browser", u)
		return b.browse(ctx, u)
	}
	if err := visit("http", open, "/short"); err != nil {
		return err
	}
	fmt.Println()
	if err := visit("https", secret, "/long"); err != nil {
		return err
	}
	fmt.Println()
	err = visit("http", nobody, "/")
	if err == nil {
		return errors.New("somebody listens where nobody should")
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	fmt.Println("browser:", err)
	return nil
}
