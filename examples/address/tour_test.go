package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// A machine without IPv6, or one that does not do it all, says so in its place.
var tourSays = []string{
	`1\. Port 0: the kernel chooses`,
	`Sockname, before Bind: +0\.0\.0\.0:0`,
	`Sockname, after Bind 127\.0\.0\.1:0: +127\.0\.0\.1:PORT`,
	`which is +(ephemeral|dynamic): .*`,
	`2\. Connect: .*`,
	`a server listens at +127\.0\.0\.1:PORT`,
	`alice, Sockname -> Peername: +127\.0\.0\.1:PORT -> 127\.0\.0\.1:PORT`,
	`and on the server's side: +127\.0\.0\.1:PORT -> 127\.0\.0\.1:PORT`,
	`bob, Sockname -> Peername: +127\.0\.0\.1:PORT -> 127\.0\.0\.1:PORT`,
	`and on the server's side: +127\.0\.0\.1:PORT -> 127\.0\.0\.1:PORT`,
	`3\. An endpoint belongs to one socket`,
	`a server listens at +127\.0\.0\.1:PORT`,
	`the same again: +bind 127\.0\.0\.1:PORT: address already in use`,
	`all addresses, that one too: +bind 0\.0\.0\.0:PORT: address already in use`,
	`the same port, another address: +(bound to \[::1\]:PORT|bind \[::1\]:PORT: can.* assign requested address|.* not supported.*)`,
	`the same port of UDP: +bound to 127\.0\.0\.1:PORT`,
	`not an address of ours: +bind 203\.0\.113\.1:PORT: can.* assign requested address`,
	`4\. All addresses of this machine: the wildcard`,
	`(a server at \[::\]:0: .*|a server listens at +\[::\]:PORT
a client's Sockname: +127\.0\.0\.1:PORT
the server's Accept says: +\[::ffff:127\.0\.0\.1\]:PORT
(a client of \[::1\]: .*|a client's Sockname: +\[::1\]:PORT
the server's Accept says: +\[::1\]:PORT))`,
	`5\. An address that is only valid on one network: the zone`,
	`\[fe80::1%lo0?\]:80 +(\[fe80::1%\d+\]:80|there is no interface .*)`,
	`6\. Within this machine: paths`,
	`a server is bound to +unix:/.*/s`,
	`which is a file: +Srw.*`,
	`a client that did not Bind: +the server hears it, from nowhere: .*`,
	`(one that did, to no name: +the server hears it, from an abstract name that the kernel chose|Bind to no name: .*)`,
	`an abstract name: +(unix:@course/\d+|.*not supported.*)`,
	`Close, and Bind again: +bind unix:/.*/s: address already in use`,
	`remove the file, and Bind again: +bound to unix:/.*/s`,
	`7\. What the kernel is given`,
	`127\.0\.0\.1:80 +(family 0200|family 0002|length 10, family 02), port 0050, address 7f000001, unused 0{16}`,
	`\[::1\]:80 +(family 0a00|family 000a|length 1c, family ..), port 0050, flow 0{8}, address 0{31}1, zone 0{8}`,
	`unix:/tmp/x +(family 0100|family 0001|length .., family 01), path "/tmp/x(.x00)*"`,
	`8\. What is no endpoint`,
	`address "localhost:80": not IP:.*`,
	`address "127\.0\.0\.1": not IP:.*`,
	`address "127\.0\.0\.1:65536": not IP:.*`,
	`address "1\.2\.3\.256:80": not IP:.*`,
	`address "::1:80": not IP:.*`,
	`address unix:/longlong.*: a path of 121 bytes, where \d+ fit`,
}

func TestTour(t *testing.T) {
	t.Parallel()
	want := regexp.MustCompile(`^` + strings.ReplaceAll(strings.Join(tourSays, "\n"), "PORT", `[1-9]\d*`) + `\n$`)
	out := ""
	// That a port is free for TCP on 127.0.0.1 does not make it free for UDP, and
	// on ::1: once in a while somebody else has it there.
	for range 3 {
		p := programtest.Own(t).Start(strings.NewReader(""))
		p.Wait(0)
		if p.Err.String() != "" {
			t.Errorf("stderr: %s", p.Err.String())
		}
		out = regexp.MustCompile(`(?m)^ +`).ReplaceAllString(p.Out.String(), "")
		if want.MatchString(out) {
			return
		}
	}
	t.Errorf("the tour is\n%swant\n%s", out, strings.Join(tourSays, "\n"))
}

// What both sides of a connection say of it is the same, the other way round; and
// two connections to one server differ in one number of four.
func TestTourConnections(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t).Start(strings.NewReader(""))
	p.Wait(0)
	pairs := regexp.MustCompile(` (127\S*) -> (127\S*)\n`).FindAllStringSubmatch(p.Out.String(), -1)
	if len(pairs) != 4 {
		t.Fatalf("%d connections, want 4 lines", len(pairs))
	}
	for i := 0; i < 4; i += 2 {
		if client, server := pairs[i], pairs[i+1]; client[1] != server[2] || client[2] != server[1] {
			t.Errorf("client %q, server %q", client[1:], server[1:])
		}
	}
	if alice, bob := pairs[0], pairs[2]; alice[1] == bob[1] || alice[2] != bob[2] {
		t.Errorf("alice %q, bob %q", alice[1:], bob[1:])
	}
}

func TestTourTrace(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t, "-trace").Start(strings.NewReader(""))
	p.Wait(0)
	for _, want := range []string{
		`bind\(\d+, 127\.0\.0\.1:0\) = 0`,
		`getsockname\(\d+, 127\.0\.0\.1:[1-9]\d*\) = 0`,
		`getpeername\(\d+, 127\.0\.0\.1:[1-9]\d*\) = 0`,
		`bind\(\d+, 127\.0\.0\.1:\d+\) = -1 EADDRINUSE`,
		`bind\(\d+, 203\.0\.113\.1:\d+\) = -1 EADDRNOTAVAIL`,
		`bind\(\d+, unix:/.*/s\) = 0`,
		`sendto\(\d+, "", 0, .*, unix:/.*/s\) = 0`,
	} {
		if !regexp.MustCompile(`(?m)^` + want).MatchString(p.Err.String()) {
			t.Errorf("no %s in the trace:\n%s", want, p.Err.String())
		}
	}
	opened := len(regexp.MustCompile(`(?m)^(socket|accept4?)\(.*\) = \d+$`).FindAllString(p.Err.String(), -1))
	closed := len(regexp.MustCompile(`(?m)^close\(\d+\) = 0$`).FindAllString(p.Err.String(), -1))
	if opened != closed || opened < 15 {
		t.Errorf("%d sockets were opened, and %d closed:\n%s", opened, closed, p.Err.String())
	}
}
