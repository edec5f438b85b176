//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// reach opens a Socket and connects it, until ctx ends: a Transport's
// DialContext.
func reach(ctx context.Context, to sock.Addr) (net.Conn, error) {
	s, err := sock.Open(to.Domain(), sock.Stream, 0)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { s.SetDeadline(time.Unix(1, 0)) })
	err = s.Connect(to)
	if !stop() { // the deadline is set, or will be
		err = ctx.Err()
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// A site is an http.Server on Sockets, with a client that uses Sockets.
type site struct {
	*http.Server
	listener *sock.Socket
	at       sock.Addr
	client   *http.Client
	url      string
	major    int // of HTTP
	dialled  atomic.Int32
	served   chan error // what Serve returns
}

// serve serves on place(network): "tls" is HTTP/2 with TLS, "h2c" without, over
// tcp4.
func serve(t testing.TB, network string, h http.HandlerFunc) *site {
	t.Helper()
	on := network
	if network == "tls" || network == "h2c" {
		on = "tcp4"
	}
	v := &site{served: make(chan error, 1), url: "http://sock", major: 1}
	v.listener, v.at = listening(t, on)
	if on != "unix" {
		wantErr(t, sockopt.TCPNoDelay.Set(v.listener, true), nil)
	}
	v.Server = &http.Server{
		Handler:  h,
		ErrorLog: log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if secure, ok := c.(*tls.Conn); ok {
				c = secure.NetConn()
			}
			if _, ok := c.(*sock.Socket); !ok {
				t.Errorf("it serves a %T", c)
			}
			return ctx
		},
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		v.dialled.Add(1)
		return reach(ctx, v.at)
	}}
	v.client = &http.Client{Transport: transport}
	begin := func() error { return v.Serve(sock.Listener(v.listener)) }
	switch network {
	case "tls":
		own, roots := certificate(t)
		v.url, v.major = "https://sock", 2
		v.TLSConfig = &tls.Config{Certificates: []tls.Certificate{own}}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
		transport.ForceAttemptHTTP2 = true
		begin = func() error { return v.ServeTLS(sock.Listener(v.listener), "", "") }
	case "h2c":
		v.major = 2
		v.Protocols, transport.Protocols = new(http.Protocols), new(http.Protocols)
		v.Protocols.SetHTTP1(true)
		v.Protocols.SetUnencryptedHTTP2(true)
		transport.Protocols.SetUnencryptedHTTP2(true)
	}
	go func() { v.served <- begin() }()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		v.Close()
		<-v.served
		v.listener.Close()
	})
	return v
}

// ends fails the test unless Serve has ended as it should, for what comes after.
func (v *site) ends(t testing.TB) {
	t.Helper()
	err := recvTimeout(t, v.served)
	wantErr(t, err, http.ErrServerClosed)
	v.served <- err
}

func (v *site) get(t testing.TB, path string) string {
	t.Helper()
	r, err := v.client.Get(v.url + path)
	return answered(t, r, err)
}

// answered returns an answer's body.
func answered(t testing.TB, r *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Error(err)
		return ""
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Error(r.Status, err)
	}
	return string(body)
}

var siteNetworks = []string{"tcp4", "tcp6", "unix", "tls", "h2c"}

// onSites runs f on a site of each kind.
func onSites(t *testing.T, h http.HandlerFunc, f func(t *testing.T, v *site)) {
	t.Parallel()
	for _, network := range siteNetworks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			f(t, serve(t, network, h))
		})
	}
}

// The server knows the client's address, and one connection serves several requests.
func TestListenerHTTP(t *testing.T) {
	onSites(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Proto, " ", r.Context().Value(http.LocalAddrContextKey), " ", r.RemoteAddr)
	}, func(t *testing.T, v *site) {
		var client string
		for i := range 5 {
			r, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
				GotConn: func(info httptrace.GotConnInfo) {
					client = info.Conn.LocalAddr().String()
					if info.Reused != (i > 0) {
						t.Errorf("request %d: a connection that was used before: %v", i, info.Reused)
					}
				},
			}), "GET", v.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			a, err := v.client.Do(r)
			got := answered(t, a, err)
			if v.at.Domain() == sock.Unix {
				client = ""
			}
			protocol := map[int]string{1: "HTTP/1.1", 2: "HTTP/2.0"}[v.major]
			if want := protocol + " " + v.listener.LocalAddr().String() + " " + client; got != want {
				t.Errorf("it says %q, want %q", got, want)
			}
			if a != nil && a.ProtoMajor != v.major {
				t.Error(a.Proto)
			}
		}
	})
}

func TestListenerHTTPParallel(t *testing.T) {
	onSites(t, func(w http.ResponseWriter, r *http.Request) {
		p, err := io.ReadAll(r.Body) // all of it: a server of HTTP/1 reads no more once it writes
		if err != nil {
			t.Error(err)
		}
		w.Write(p)
		io.WriteString(w, r.URL.Path)
	}, func(t *testing.T, v *site) {
		v.get(t, "/") // HTTP/2 learns that it is, and then needs no other connection
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				text := strings.Repeat(strconv.Itoa(i)+" ", 10_000)
				r, err := v.client.Post(v.url+"/"+strconv.Itoa(i), "text/plain", strings.NewReader(text))
				if got, want := answered(t, r, err), text+"/"+strconv.Itoa(i); got != want {
					t.Errorf("request %d got %d bytes, want %d", i, len(got), len(want))
				}
			})
		}
		all.Wait()
		if n := v.dialled.Load(); v.major == 2 && n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// noise is n bytes that do not repeat soon, the same ones for the same n.
func noise(n int) []byte {
	p := make([]byte, n)
	x := uint32(n)
	for i := range p {
		x = x*1664525 + 1013904223
		p[i] = byte(x >> 24)
	}
	return p
}

// large is a size that takes many writes and reads.
func large() int {
	if testing.Short() {
		return 2 << 20
	}
	return 8 << 20
}

func sum(p []byte) string {
	s := sha256.Sum256(p)
	return hex.EncodeToString(s[:])
}

// Large bodies, of unknown length and of a known one.
func TestListenerHTTPLarge(t *testing.T) {
	there, back := large()+1, large()+2
	body := noise(back)
	onSites(t, func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		if n, err := io.Copy(h, r.Body); n != int64(there) || err != nil {
			t.Errorf("the server received %d bytes, %v", n, err)
		}
		w.Header().Set("X-Received", hex.EncodeToString(h.Sum(nil)))
		if r.ContentLength >= 0 {
			w.Header().Set("Content-Length", strconv.Itoa(back))
		}
		if n, err := io.Copy(w, bytes.NewReader(body)); err != nil {
			t.Errorf("the server sent %d bytes, %v", n, err)
		}
	}, func(t *testing.T, v *site) {
		p := noise(there)
		for _, r := range []io.Reader{bytes.NewReader(p), struct{ io.Reader }{bytes.NewReader(p)}} {
			a, err := v.client.Post(v.url, "application/octet-stream", r)
			got := answered(t, a, err)
			if err != nil {
				continue
			}
			if a.Header.Get("X-Received") != sum(p) {
				t.Error("what the server received is not what was sent")
			}
			if len(got) != back || sum([]byte(got)) != sum(body) {
				t.Errorf("what came back, %d bytes, is not what the server sent", len(got))
			}
		}
	})
}

// A handler that hijacks a connection has the Socket, with nothing read from it and no
// deadline.
func TestListenerHTTPHijack(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "unix"} {
		done := make(chan bool)
		v := serve(t, network, func(w http.ResponseWriter, r *http.Request) {
			defer close(done)
			c, buffered, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			s, ok := c.(*sock.Socket)
			if !ok {
				t.Errorf("%T", c)
				return
			}
			says(t, s, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: talk\r\n\r\n")
			if line, err := buffered.ReadString('\n'); line != "hello\n" || err != nil {
				t.Errorf("it hears %q, %v", line, err)
			}
			says(t, s, "world\n")
			if rest, err := io.ReadAll(buffered); string(rest) != "bye" || err != nil {
				t.Errorf("it hears %q, %v", rest, err)
			}
			says(t, s, "bye")
		})
		r, err := http.NewRequestWithContext(t.Context(), "GET", v.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "talk")
		a, err := v.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if a.StatusCode != http.StatusSwitchingProtocols {
			t.Error(a.Status)
		}
		rw := a.Body.(io.ReadWriteCloser) // the transport's view of our Socket
		says(t, rw, "hello\n")
		hears(t, rw, "world\n")
		says(t, rw, "bye")
		if err := rw.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Error(err)
		}
		hears(t, rw, "bye")
		if n, err := rw.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("it hears %d, %v", n, err)
		}
		rw.Close()
		recvTimeout(t, done)
	}
}

// Shutdown lets the request that runs come to its end; Close does not. Both end
// Serve.
func TestListenerHTTPShutdown(t *testing.T) {
	t.Parallel()
	for _, network := range siteNetworks {
		for _, how := range []string{"Shutdown", "Close"} {
			t.Run(network+", "+how, func(t *testing.T) {
				t.Parallel()
				inside, leave := make(chan bool), make(chan bool)
				v := serve(t, network, func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/slow" {
						inside <- true
						<-leave
						io.WriteString(w, "done")
					}
				})
				v.get(t, "/") // a connection that is idle then
				body, failed := make(chan string, 1), make(chan error, 1)
				go func() {
					a, err := v.client.Get(v.url + "/slow")
					if err != nil {
						failed <- err
						return
					}
					body <- answered(t, a, nil)
				}()
				recvTimeout(t, inside)
				if how == "Close" {
					defer close(leave)
					wantErr(t, v.Close(), nil)
					v.ends(t)
					recvTimeout(t, failed)
					return
				}
				shut := make(chan error, 1)
				go func() { shut <- v.Shutdown(t.Context()) }()
				v.ends(t)
				if fd := v.listener.FD(); fd != -1 {
					t.Error("the listener is open: ", fd)
				}
				if len(shut) > 0 {
					t.Error("Shutdown did not wait: ", <-shut)
				}
				close(leave)
				if got := recvTimeout(t, body); got != "done" {
					t.Errorf("the answer is %q", got)
				}
				wantErr(t, recvTimeout(t, shut), nil)
			})
		}
	}
}

// If a client cancels in the middle of a body, the server notices it, and serves others.
func TestListenerHTTPCancel(t *testing.T) {
	t.Parallel()
	for _, network := range siteNetworks {
		for _, path := range []string{"/down", "/up", "/silent"} {
			t.Run(network+path, func(t *testing.T) {
				t.Parallel()
				inside, reported := make(chan bool), make(chan error, 1)
				v := serve(t, network, func(w http.ResponseWriter, r *http.Request) {
					var err error
					p := make([]byte, 64<<10)
					switch r.URL.Path {
					case "/down":
						for close(inside); err == nil; _, err = w.Write(p) {
						}
					case "/up":
						_, err = io.ReadFull(r.Body, p)
						for close(inside); err == nil; _, err = r.Body.Read(p) {
						}
					case "/silent": // it is to notice that nobody waits any more
						close(inside)
						<-r.Context().Done()
						err = r.Context().Err()
					default:
						io.WriteString(w, "alive")
						return
					}
					reported <- err
				})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var body io.Reader
				if path == "/up" {
					body = endless{}
				}
				r, err := http.NewRequestWithContext(ctx, "POST", v.url+path, body)
				if err != nil {
					t.Fatal(err)
				}
				result := make(chan error, 1)
				go func() {
					a, err := v.client.Do(r)
					if err == nil {
						_, err = io.Copy(io.Discard, a.Body)
						a.Body.Close()
					}
					result <- err
				}()
				recvTimeout(t, inside)
				cancel()
				wantErr(t, recvTimeout(t, result), context.Canceled)
				if err := recvTimeout(t, reported); err == nil || err == io.EOF {
					t.Error("the server was reported ", err)
				}
				if got := v.get(t, "/"); got != "alive" {
					t.Errorf("then it says %q", got)
				}
			})
		}
	}
}

type endless struct{}

// The server's own time-outs are deadlines of ours.
func TestListenerHTTPTimeout(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "unix"} {
		l, at := listening(t, network)
		v := &http.Server{ReadHeaderTimeout: time.Millisecond, IdleTimeout: time.Millisecond, Handler: http.NotFoundHandler()}
		served := make(chan error, 1)
		go func() { served <- v.Serve(sock.Listener(l)) }()
		for _, request := range []string{"", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: sock\r\n\r\n"} {
			c, err := reach(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			says(t, c, request)
			ended := make(chan error, 1)
			go func() {
				_, err := io.Copy(io.Discard, c)
				ended <- err
			}()
			if err := recvTimeout(t, ended); err != nil && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%s, %q: %v", network, request, err)
			}
			wantErr(t, c.Close(), nil)
		}
		wantErr(t, v.Close(), nil)
		wantErr(t, recvTimeout(t, served), http.ErrServerClosed)
	}
}

// A context ends a connect that waits.
func TestListenerReach(t *testing.T) {
	t.Parallel()
	at := silent(t)
	ctx, cancel := context.WithCancel(t.Context())
	connecting := goBlocked(t, func() error { _, err := reach(ctx, at); return err })
	cancel()
	wantErr(t, recvTimeout(t, connecting), context.Canceled)
	c := http.Client{Timeout: 10 * time.Millisecond, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return reach(ctx, at) },
	}}
	_, err := c.Get("http://sock")
	wantErr(t, err, context.DeadlineExceeded)
}

func TestListenerHTTPTest(t *testing.T) {
	t.Parallel()
	l, at := listening(t, "tcp4")
	v := &httptest.Server{
		Listener:    sock.Listener(l),
		EnableHTTP2: true,
		Config:      &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })},
	}
	v.StartTLS()
	if v.URL != "https://"+at.String() {
		t.Error(v.URL)
	}
	c := v.Client()
	c.Transport.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return reach(ctx, at) }
	r, err := c.Get(v.URL)
	if got := answered(t, r, err); got != "HTTP/2.0" {
		t.Errorf("it says %q", got)
	}
	v.Close()
	if l.FD() != -1 {
		t.Error("it has not closed its listener")
	}
}

// lines gives what is written, each as one.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}
