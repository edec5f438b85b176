package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

var demoSays = []string{
	`1\. Boundaries are kept`,
	`alice sends "hello", then nothing at all, then "good morning": three times Send`,
	`server: 5 bytes from ANNA go back`,
	`server: 0 bytes from ANNA go back`,
	`server: 12 bytes from ANNA go back`,
	`alice receives "hell", and Trunc: .*`,
	`alice receives ""`,
	`alice receives "good", and Trunc: .*`,
	`and then: operation would block`,
	`2\. One socket, many clients`,
	`server: 10 bytes from ANNA go back`,
	`server: 12 bytes from ANNA go back`,
	`alice receives "I am alice"`,
	`bob, at ANNA, receives "and I am bob" from ANNA`,
	`bob sends to alice, who is connected to the server and hears nobody else: operation would block`,
	`3\. A buffer that is full: loss`,
	`the receiver's buffer: \d+ bytes.*`,
	`alice sends 100 datagrams, and no Send fails; now the receiver looks`,
	`alice sends 100 datagrams, and no Send fails; now the receiver looks`,
	`arrived: 1\b.*`,
	`lost:    .*: \d+ of 200`,
	`(the kernel says that it dropped \d+ \(sockopt.RxQueueOverflow\)
)?4\. Two roads: .*`,
	`sent:      1-12`,
	`arrived:   \[1 2 4 3 7 8 6 10 10 11 9 12\]`,
	`in order:  \[1 2 3 4 6 7 8 9 10 11 12\]`,
	`lost:      5; twice: 1; overtaken: 3, 6, 9`,
	`5\. A port where nobody listens`,
	`alice, connected to ANNA: Send takes it; then recv: connection refused`,
	`bob, not connected: SendTo takes it; then nothing for 200ms: recvfrom: i/o timeout`,
}

func TestDemo(t *testing.T) {
	t.Parallel()
	want := regexp.MustCompile(`^` + strings.ReplaceAll(strings.Join(demoSays, "\n"), "ANNA", `127\.0\.0\.1:\d+`) + `\n$`)
	out := ""
	// Nobody promises that a datagram arrives, or in its place, not on a busy
	// machine; nor that the port which was nobody's is nobody's still.
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
	t.Errorf("the demo is\n%swant\n%s", out, strings.Join(demoSays, "\n"))
}

// What the receiver missed by its numbers is what the kernel counted.
func TestDemoDrops(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t).Start(strings.NewReader(""))
	p.Wait(0)
	var lost, dropped int
	if _, err := fmt.Sscan(p.Out.Find(t, `lost: .*: (\d+) of 200\n`), &lost); err != nil {
		t.Fatal(err)
	}
	if lost == 0 || lost >= 200 {
		t.Errorf("%d of 200 lost", lost)
	}
	m := regexp.MustCompile(`dropped (\d+)`).FindStringSubmatch(p.Out.String())
	if m == nil {
		t.Skip("the kernel here does not tell what it drops")
	}
	if _, err := fmt.Sscan(m[1], &dropped); err != nil {
		t.Fatal(err)
	}
	if dropped < lost { // it may have dropped a last one as well
		t.Errorf("%d lost, and %d dropped", lost, dropped)
	}
}

func TestDemoTrace(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t, "-trace").Start(strings.NewReader(""))
	p.Wait(0)
	for _, want := range []string{
		`socket\(AF_INET, SOCK_DGRAM.*\) = \d+`,
		`bind\(\d+, 127\.0\.0\.1:0\) = 0`,
		`connect\(\d+, 127\.0\.0\.1:\d+\) = 0`,
		`sendto\(\d+, "hello", 5, .*\) = 5`,
		`recvmsg\(\d+, .*MSG_TRUNC.*\) = 4`,
		`sendto\(\d+, "", 0, .*, 127\.0\.0\.1:\d+\) = 0`,
		`recvfrom\(\d+, .*\) = -1 ECONNREFUSED`,
	} {
		if !regexp.MustCompile(`(?m)^` + want).MatchString(p.Err.String()) {
			t.Errorf("no %s in the trace:\n%s", want, p.Err.String())
		}
	}
	opened := len(regexp.MustCompile(`(?m)^socket\(.*\) = \d+$`).FindAllString(p.Err.String(), -1))
	closed := len(regexp.MustCompile(`(?m)^close\(\d+\) = 0$`).FindAllString(p.Err.String(), -1))
	if opened != closed || opened != 14 {
		t.Errorf("%d sockets were opened, and %d closed, want 14:\n%s", opened, closed, p.Err.String())
	}
}
