package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// ss, which is somebody else's program, sees the same states: after each line of
// each act we look with it.
func TestSS(t *testing.T) {
	t.Parallel()
	needsStates(t)
	for number := range acts {
		for _, host := range []string{"127.0.0.1", "[::1]"} {
			t.Run(fmt.Sprint(number+1, " ", host), func(t *testing.T) {
				t.Parallel()
				if host == "[::1]" {
					programtest.Place(t, "tcp6")
				}
				programtest.Installed(t, "ss") // or the test is skipped
				if err := filterRefused(); acts[number].linux && err != nil {
					t.Skip("the act needs a filter on a TCP socket, which takes the privilege CAP_NET_ADMIN: ", err)
				}
				w := watcher{t: t, host: host, clients: map[string]string{}}
				w.act(fmt.Sprint(number + 1))
			})
		}
	}
}

// A watcher reads the lines of an act, and looks at the two ends with ss.
type watcher struct {
	t       *testing.T
	host    string
	server  string            // its address
	which   string            // the client of this line: "1st", or ""
	clients map[string]string // and their addresses
}

func (w *watcher) act(number string) {
	args := []string{"-act", number, "-at", w.host + ":0"}
	whole := programtest.Own(w.t, args...).Start(strings.NewReader(""))
	whole.Wait(0)
	lines := strings.Count(whole.Out.String(), "\n")
	p := programtest.Own(w.t, append(args, "-step")...).Start(nil)
	for n := 2; n < lines; n++ { // two are the heading
		p.Out.Until(w.t, "one more line", func(out []byte) bool { return strings.Count(string(out), "\n") > n })
		w.line(strings.Split(p.Out.String(), "\n")[n])
		p.Says("\n")
	}
	p.Wait(0)
}

var (
	aPort   = regexp.MustCompile(`, port (\d+) `)
	ordinal = regexp.MustCompile(`1st|2nd|3rd`)
)

// line reads one. The calls are in the first column, the states in the next two.
func (w *watcher) line(line string) {
	w.t.Helper()
	if len(line) < 50 || strings.Contains(line, "expected") {
		w.t.Fatalf("a line is %q", line)
	}
	call, client, server := line[:37], strings.TrimSpace(line[37:50]), strings.Fields(line[50:])[0]
	if which := ordinal.FindString(line); which != "" {
		w.which = which
	}
	if strings.Contains(call, "client: Open") {
		delete(w.clients, w.which)
	}
	if m := aPort.FindStringSubmatch(call); m != nil {
		if at := w.host + ":" + m[1]; strings.Contains(call, "server: ") {
			w.server = at
		} else {
			w.clients[w.which] = at
		}
	}
	mine := w.clients[w.which]
	if mine != "" {
		w.look(line, mine, w.server, client)
	}
	switch {
	case server == "LISTEN":
		w.look(line, w.server, "", server)
	case mine != "":
		w.look(line, w.server, mine, server)
	}
}

// look wants to see an end in a state.
func (w *watcher) look(line, local, remote, state string) {
	w.t.Helper()
	ss := exec.Command("ss", "-Htan")
	ss.Env = append(os.Environ(), "LC_ALL=C")
	out, err := ss.Output()
	if err != nil {
		w.t.Fatal(err)
	}
	got, all := "", ""
	for row := range strings.Lines(string(out)) {
		f := strings.Fields(row)
		if strings.Contains(row, w.server) {
			all += row
		}
		if len(f) >= 5 && f[3] == local && (f[4] == remote || remote == "" && f[0] == "LISTEN") {
			got += f[0]
		}
	}
	want := map[string]string{
		"LISTEN": "LISTEN", "SYN_SENT": "SYN-SENT", "SYN_RECV": "SYN-RECV", "ESTABLISHED": "ESTAB",
		"FIN_WAIT_1": "FIN-WAIT-1", "FIN_WAIT_2": "FIN-WAIT-2", "CLOSE_WAIT": "CLOSE-WAIT", "CLOSING": "CLOSING",
		"LAST_ACK": "LAST-ACK", "TIME_WAIT": "TIME-WAIT",
		"CLOSE": "", "forgotten": "", "-": "", // nobody has such an address
	}
	if state, ok := want[state]; !ok || got != state {
		w.t.Errorf("%s\nss sees %q at %s, and this line says otherwise; all it sees of the server:\n%s", line, got, local, all)
	}
}
