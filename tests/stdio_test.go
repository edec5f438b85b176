//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"net/smtp"
	"net/textproto"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/berkeleysockets/sock"
)

// onStreams runs f on the two ends of a connection of each kind.
func onStreams(t *testing.T, f func(t *testing.T, a, b *sock.Socket)) {
	t.Parallel()
	for _, network := range streamNetworks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			a, b := streams(t, network)
			f(t, a, b)
		})
	}
}

// meanwhile runs f, and has the test wait for it.
func meanwhile(t *testing.T, f func() error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	t.Cleanup(func() { wantErr(t, recvTimeout(t, done), nil) })
}

// What iotest demands of a Reader, buffers of all sizes and an end among them.
func TestStdioReader(t *testing.T) {
	onStreams(t, func(t *testing.T, a, b *sock.Socket) {
		want := noise(300_000)
		meanwhile(t, func() error {
			_, err := a.Write(want)
			return errors.Join(err, a.CloseWrite())
		})
		wantErr(t, iotest.TestReader(b, want), nil)
	})
}

func TestStdioBufio(t *testing.T) {
	onStreams(t, func(t *testing.T, a, b *sock.Socket) {
		const lines = 10_000
		meanwhile(t, func() error { // which says each line again, in capitals
			r, w := bufio.NewReaderSize(b, 100), bufio.NewWriterSize(b, 777)
			for {
				line, err := r.ReadString('\n')
				if err == io.EOF && line == "unfinished" {
					return errors.Join(w.Flush(), b.CloseWrite())
				}
				if err != nil {
					return fmt.Errorf("%q: %w", line, err)
				}
				w.WriteString(strings.ToUpper(line))
			}
		})
		meanwhile(t, func() error {
			w := bufio.NewWriter(a)
			for i := range lines {
				fmt.Fprintln(w, "line", i)
			}
			w.WriteString("unfinished")
			return errors.Join(w.Flush(), a.CloseWrite())
		})
		n := 0
		in := bufio.NewScanner(a)
		for ; in.Scan(); n++ {
			if want := fmt.Sprint("LINE ", n); in.Text() != want {
				t.Fatalf("it scans %q, want %q", in.Text(), want)
			}
		}
		if n != lines || in.Err() != nil {
			t.Errorf("%d lines, %v", n, in.Err())
		}
		w := bufio.NewWriter(a)
		w.WriteString("too late")
		if err := w.Flush(); err == nil {
			t.Error("bufio.Writer wrote after CloseWrite")
		}
	})
}

// A bufio.Writer hands a Reader on to what can read from it, and io.Copy to what
// can write itself: neither may lose what was buffered before.
func TestStdioCopy(t *testing.T) {
	onStreams(t, func(t *testing.T, a, b *sock.Socket) {
		want := noise(1 << 20)
		meanwhile(t, func() error {
			w := bufio.NewWriter(a)
			w.WriteString("head")
			if n, err := io.Copy(w, bytes.NewReader(want)); n != int64(len(want)) || err != nil {
				return fmt.Errorf("copied %d, %v", n, err)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			if n, err := io.Copy(a, struct{ io.Reader }{bytes.NewReader(want)}); n != int64(len(want)) || err != nil {
				return fmt.Errorf("copied %d, %v", n, err)
			}
			_, err := io.Copy(a, strings.NewReader("tail"))
			return errors.Join(err, a.CloseWrite())
		})
		hears(t, b, "head")
		var got bytes.Buffer
		if n, err := io.CopyN(&got, b, int64(len(want))); n != int64(len(want)) || err != nil || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("CopyN = %d, %v", n, err)
		}
		again := make([]byte, len(want))
		if n, err := io.ReadFull(b, again); n != len(want) || err != nil || !bytes.Equal(again, want) {
			t.Errorf("ReadFull = %d, %v", n, err)
		}
		got.Reset()
		if n, err := io.CopyN(&got, b, 9); n != 4 || err != io.EOF || got.String() != "tail" {
			t.Errorf("CopyN at the end = %d %q, %v", n, &got, err)
		}
		if n, err := io.Copy(&got, b); n != 0 || err != nil {
			t.Errorf("Copy after the end = %d, %v", n, err)
		}
		if _, err := io.ReadFull(b, again[:1]); err != io.EOF {
			t.Errorf("ReadFull after the end: %v", err)
		}
	})
}

func TestStdioReadFullShort(t *testing.T) {
	onStreams(t, func(t *testing.T, a, b *sock.Socket) {
		says(t, a, "abc")
		p := make([]byte, 9)
		if n, err := io.ReadAtLeast(b, p, 2); n < 2 || err != nil {
			t.Errorf("ReadAtLeast = %d, %v", n, err)
		}
		says(t, a, "def")
		wantErr(t, b.SetReadDeadline(time.Now().Add(10*time.Millisecond)), nil)
		_, err := io.ReadFull(b, p)
		wantErr(t, err, os.ErrDeadlineExceeded)
		wantErr(t, b.SetReadDeadline(time.Time{}), nil)
		says(t, a, "ghi")
		wantErr(t, a.CloseWrite(), nil)
		_, err = io.ReadFull(b, p)
		wantErr(t, err, io.ErrUnexpectedEOF)
	})
}

// io.Copy from one Socket to another, over two connections, while a third party
// sends and a fourth receives; and back.
func TestStdioCopyBetween(t *testing.T) {
	size := large()
	there, back := noise(size), noise(size+1)
	onStreams(t, func(t *testing.T, client, front *sock.Socket) {
		behind, server := streams(t, "unix")
		for _, way := range [][2]*sock.Socket{{behind, front}, {front, behind}} {
			meanwhile(t, func() error {
				n, err := io.Copy(way[0], way[1])
				if err == nil && n < int64(size) {
					err = fmt.Errorf("copied %d", n)
				}
				return errors.Join(err, way[0].CloseWrite())
			})
		}
		for _, way := range []struct {
			*sock.Socket
			says, hears []byte
		}{{client, there, back}, {server, back, there}} {
			meanwhile(t, func() error {
				_, err := io.Copy(way, bytes.NewReader(way.says))
				return errors.Join(err, way.CloseWrite())
			})
			meanwhile(t, func() error {
				p, err := io.ReadAll(way)
				if err == nil && sum(p) != sum(way.hears) {
					err = fmt.Errorf("other bytes: %d, want %d", len(p), len(way.hears))
				}
				return err
			})
		}
	})
}

// io.Copy ends with the reason it has.
func TestStdioCopyEnds(t *testing.T) {
	onStreams(t, func(t *testing.T, a, b *sock.Socket) {
		copying := goBlocked(t, func() error { _, err := io.Copy(io.Discard, b); return err })
		wantErr(t, b.SetReadDeadline(time.Unix(1, 0)), nil)
		wantErr(t, recvTimeout(t, copying), os.ErrDeadlineExceeded)
		wantErr(t, b.SetReadDeadline(time.Time{}), nil)
		copying = goBlocked(t, func() error { _, err := io.Copy(a, endless{}); return err })
		wantErr(t, a.Close(), nil)
		wantErr(t, recvTimeout(t, copying), net.ErrClosed)
	})
}

// net.Buffers writes one after the other, and keeps what was not written.
func TestStdioBuffers(t *testing.T) {
	onStreams(t, func(t *testing.T, a, b *sock.Socket) {
		want := noise(1 << 20)
		var bufs net.Buffers
		for rest := want; len(rest) > 0; {
			n := min(len(rest), 1+len(bufs)*37)
			bufs, rest = append(bufs, rest[:n]), rest[n:]
		}
		meanwhile(t, func() error {
			if n, err := bufs.WriteTo(a); n != int64(len(want)) || err != nil || len(bufs) != 0 {
				return fmt.Errorf("WriteTo = %d, %v, and %d are left", n, err, len(bufs))
			}
			return a.CloseWrite()
		})
		if p, err := io.ReadAll(b); err != nil || !bytes.Equal(p, want) {
			t.Errorf("%d bytes, %v", len(p), err)
		}
		late := net.Buffers{[]byte("x"), []byte("y")}
		if n, err := late.WriteTo(a); n != 0 || err == nil || len(late) != 2 {
			t.Errorf("after CloseWrite: %d, %v, and %d are left", n, err, len(late))
		}
	})
}

// A note is what goes through the coders below.
type note struct {
	Number int
	Text   string
	More   map[string][]float64
}

func TestStdioCoders(t *testing.T) {
	onStreams(t, func(t *testing.T, a, b *sock.Socket) {
		type coder interface{ Encode(any) error }
		type decoder interface{ Decode(any) error }
		through := func(name string, e coder, d decoder) {
			t.Helper()
			sent := make(chan error, 1)
			notes := make([]note, 100)
			for i := range notes {
				notes[i] = note{i, strings.Repeat("text ", i*100), map[string][]float64{"x": {float64(i), 0.5}}}
			}
			go func() {
				for _, n := range notes {
					if err := e.Encode(n); err != nil {
						sent <- err
						return
					}
				}
				sent <- nil
			}()
			for i, want := range notes {
				var got note
				if err := d.Decode(&got); err != nil || !reflect.DeepEqual(got, want) {
					t.Fatalf("%s: note %d is %v, %v", name, i, got.Number, err)
				}
			}
			wantErr(t, recvTimeout(t, sent), nil)
		}
		through("gob", gob.NewEncoder(a), gob.NewDecoder(b))
		through("json", json.NewEncoder(b), json.NewDecoder(a))
		wantErr(t, b.CloseWrite(), nil)
		if err := json.NewDecoder(a).Decode(new(note)); err != io.EOF {
			t.Error("json at the end: ", err)
		}
	})
}

// A stream in a stream: what is flushed arrives before the end.
func TestStdioGzip(t *testing.T) {
	onStreams(t, func(t *testing.T, a, b *sock.Socket) {
		want := bytes.Repeat(noise(5000), 50)
		flushed := make(chan bool)
		meanwhile(t, func() error {
			w := gzip.NewWriter(a)
			if _, err := io.WriteString(w, "hello"); err != nil {
				return err
			}
			if err := w.Flush(); err != nil {
				return err
			}
			<-flushed
			_, err := w.Write(want)
			return errors.Join(err, w.Close())
		})
		r, err := gzip.NewReader(b)
		if err != nil {
			t.Fatal(err)
		}
		r.Multistream(false) // its own end, where the Socket's is yet to come
		hears(t, r, "hello")
		close(flushed)
		if p, err := io.ReadAll(r); err != nil || !bytes.Equal(p, want) {
			t.Errorf("%d bytes, %v", len(p), err)
		}
	})
}

func TestStdioTextproto(t *testing.T) {
	onStreams(t, func(t *testing.T, a, b *sock.Socket) {
		meanwhile(t, func() error {
			c := textproto.NewConn(b)
			defer c.Close()
			for {
				line, err := c.ReadLine()
				if err == io.EOF {
					return nil
				}
				if err == nil {
					err = c.PrintfLine("200 %s", strings.ToUpper(line))
				}
				if err != nil {
					return err
				}
			}
		})
		c := textproto.NewConn(a)
		var all sync.WaitGroup
		for i := range 100 { // a pipeline: each reads its own answer
			all.Go(func() {
				id, err := c.Cmd("hello %d", i)
				if err != nil {
					t.Error(err)
					return
				}
				c.StartResponse(id)
				defer c.EndResponse(id)
				if _, text, err := c.ReadResponse(200); text != fmt.Sprint("HELLO ", i) || err != nil {
					t.Errorf("response %q, %v", text, err)
				}
			})
		}
		all.Wait()
		wantErr(t, c.Close(), nil)
		if a.FD() != -1 {
			t.Error("textproto's Close does not close")
		}
	})
}

// Words is what the rpc below calls.
type Words struct{ stop chan bool }

// Repeat answers with the words repeated.
func (Words) Repeat(words string, answer *string) error {
	*answer = strings.Repeat(words, 100)
	return nil
}

// Wait answers when it may, after the others.
func (w Words) Wait(_ string, answer *string) error {
	<-w.stop
	*answer = "waited"
	return nil
}

func TestStdioRPC(t *testing.T) {
	onStreams(t, func(t *testing.T, a, b *sock.Socket) {
		w := Words{make(chan bool)}
		v := rpc.NewServer()
		wantErr(t, v.Register(w), nil)
		meanwhile(t, func() error { v.ServeConn(b); return nil }) // until the client closes
		c := rpc.NewClient(a)
		var last string
		waiting := c.Go("Words.Wait", "", &last, nil)
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				var got string
				text := fmt.Sprintf("call %d ", i)
				if err := c.Call("Words.Repeat", text, &got); err != nil || got != strings.Repeat(text, 100) {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
		all.Wait()
		close(w.stop)
		if call := recvTimeout(t, waiting.Done); call.Error != nil || last != "waited" {
			t.Error(last, call.Error)
		}
		wantErr(t, c.Close(), nil)
		wantErr(t, c.Call("Words.Repeat", "", &last), rpc.ErrShutdown)
	})
}

// A mail, over TLS: a dialogue of many short writes.
func TestStdioSMTP(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "unix"} {
		secure, server := talkTLS(t, network)
		meanwhile(t, func() error {
			wantErr(t, server.Handshake(), nil)
			return serveSMTP(textproto.NewConn(server), "a mail")
		})
		wantErr(t, secure.Handshake(), nil)
		c, err := smtp.NewClient(secure, "sock")
		if err != nil {
			t.Fatal(err)
		}
		wantErr(t, c.Hello("client"), nil)
		wantErr(t, c.Mail("me@sock"), nil)
		wantErr(t, c.Rcpt("you@sock"), nil)
		w, err := c.Data()
		if err != nil {
			t.Fatal(err)
		}
		says(t, w, "a mail\r\n")
		wantErr(t, w.Close(), nil)
		wantErr(t, c.Quit(), nil)
	}
}

// serveSMTP takes one mail, which has one line.
func serveSMTP(c *textproto.Conn, want string) error {
	defer c.Close()
	if err := c.PrintfLine("220 sock"); err != nil {
		return err
	}
	for {
		line, err := c.ReadLine()
		if err != nil {
			return err
		}
		switch command, _, _ := strings.Cut(line, " "); command {
		case "DATA":
			if err := c.PrintfLine("354 go on"); err != nil {
				return err
			}
			got, err := c.ReadDotLines()
			if err != nil || len(got) != 1 || got[0] != want {
				return fmt.Errorf("mail %q, %w", got, err)
			}
			if err := c.PrintfLine("250 taken"); err != nil {
				return err
			}
		case "QUIT":
			if err := c.PrintfLine("221 bye"); err != nil {
				return err
			}
			if _, err := c.ReadLine(); err != io.EOF { // the client closes first
				return fmt.Errorf("after QUIT: %w", err)
			}
			return nil
		default:
			if err := c.PrintfLine("250 well"); err != nil {
				return err
			}
		}
	}
}
