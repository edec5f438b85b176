package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t).Start(strings.NewReader(""))
	p.Wait(0)
	if p.Err.String() != "" {
		t.Errorf("stderr: %s", p.Err.String())
	}
	// Who waits for what one says hears it before the next one speaks.
	said := 0
	for _, want := range []string{
		"room: listening on 127.0.0.1:", "anna hears: What is your name?", "anna hears: * anna comes in", "anna hears: * ben comes in",
		"ben hears: * carl comes in", "anna says: hello, both of you", "ben hears: anna: hello, both of you", "carl hears: anna: hello, both of you",
		"carl reads no more", "room: carl leaves: does not read", "ben hears: * carl leaves: does not read", "KiB for carl",
		"anna hears: * carl leaves: does not read", "anna says: where was I?", "ben hears: anna: where was I?\n",
	} {
		at := strings.Index(p.Out.String()[said:], want)
		if at < 0 {
			t.Fatalf("no %q, or not in its place", want)
		}
		said += at + len(want)
	}
	if rest := p.Out.String()[said:]; rest != "" {
		t.Errorf("and then %q", rest)
	}
}

func TestDemoTrace(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t, "-trace").Start(strings.NewReader(""))
	p.Wait(0)
	for _, want := range []string{
		`accept4?\(\d+, 127\.0\.0\.1:\d+.*\) = \d+`,
		`sendto\(\d+, "anna: hello, both of you.n", .*\) = 25`,
		`recvfrom\(\d+, "hello, both of you.n", .*\) = 19`,
		`sendto\(\d+, "anna: and then .* = (-1 EAGAIN|\d{1,2}\b|[1-8]\d\d\b)`, // nothing, or a part: a line is 906
		`close\(\d+\) = 0`,
	} {
		if !regexp.MustCompile(`(?m)^` + want).MatchString(p.Err.String()) {
			t.Errorf("no %s in the trace:\n%s", want, p.Err.String())
		}
	}
}
