package main

import (
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

func TestUsage(t *testing.T) {
	t.Parallel()
	programtest.Usages{
		{[]string{"-listen", "127.0.0.1:0", "127.0.0.1:1"}, 2, "^address: -listen, or addresses to explain"},
		{[]string{"localhost"}, 2, "^address: .*missing port.*not NAME:PORT"},
		{[]string{"::1:80"}, 2, "^address: .*too many colons.*not NAME:PORT"},
		{[]string{""}, 2, "^address: .*missing port"},
		{[]string{"unix:/" + strings.Repeat("x", 200)}, 2, "^address: .*a path of 201 bytes"},
		{[]string{"unix:a\x01\xff"}, 0, `unix:"a\\x01\\xff"`},
		{[]string{"127.0.0.1:65536"}, 2, "^address: .*port"},
		{[]string{"no..such:80"}, 1, "^address: resolve: .*no such host\n$"},
		{[]string{"localhost:nosuchservice"}, 1, "^address: .*unknown port\n$"},
		{[]string{"[fe80::1%nowhere]:80"}, 1, `^address: .*no interface "nowhere"`},
		{[]string{"-listen", "no..such:80"}, 1, "^address: resolve: .*no such host\n$"},
		{[]string{"-listen", "203.0.113.1:0"}, 1, "^address: bind 203.0.113.1:0: "},
		{[]string{"-listen", "unix:/nowhere/at/all"}, 1, "^address: bind unix:/nowhere/at/all: "},
		{[]string{"-listem", "x"}, 2, "^address: flag provided but not defined"},
		{[]string{"-h"}, 0, `(?s)^address: .*-listen.*-trace`},
	}.Test(t)
}

func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	programtest.Interrupted(t)
}
