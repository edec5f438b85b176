package sock_test

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// TestStrace runs a session that traces itself under strace(1), and compares
// the two accounts: names, order, arguments, data, results and errors. The
// session is one of a single thread at a time, so the order is that of all
// calls; in its last part four goroutines go on at once, and the order is that
// of each descriptor.
func TestStrace(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("no strace: ", err)
	}
	if out, err := exec.Command(strace, "-f", "-o", os.DevNull, "-e", "trace=close", os.Args[0], "-test.run=^$").CombinedOutput(); err != nil {
		t.Skipf("strace may not trace this program: %v\n%s", err, out)
	}
	dir := filepath.Dir(path(t))
	account, calls := filepath.Join(dir, "strace"), filepath.Join(dir, "calls")
	names := filepath.Join(dir, "n")
	if err := os.Mkdir(names, 0o700); err != nil {
		t.Fatal(err)
	}
	c := child(t, "session", calls, names)
	c.Args = append([]string{strace, "-f", "-qq", "-o", account, "-s", strconv.Itoa(sock.TracePrefix), "-e", "signal=none",
		"-e", "trace=%network,close,fcntl,?fcntl64,epoll_create1,epoll_ctl,epoll_pwait,ioctl," + sys.PollCall, c.Path}, c.Args[1:]...)
	c.Path = strace
	c.Env = append(c.Env, "LC_ALL=C", "GODEBUG=asyncpreemptoff=1") // no calls that SIGURG interrupts
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}

	var ours []tracedCall
	written, err := os.ReadFile(calls)
	if err == nil {
		err = json.Unmarshal(written, &ours)
	}
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(ours, func(a, b tracedCall) int { return a.Start.Compare(b.Start) })
	text, err := os.ReadFile(account)
	if err != nil {
		t.Fatal(err)
	}
	reported := ownCalls(t, parts(string(text)))
	play, crowd := reported[0], reported[1]
	if len(play)+len(crowd) < 400 || len(crowd) < 50 {
		t.Errorf("strace reports %d and %d calls only", len(play), len(crowd))
	}
	t.Logf("%d calls in order, %d of four goroutines at once", len(play), len(crowd))
	if len(ours) < len(play) {
		t.Fatalf("strace reports %d calls, and we of %d", len(play), len(ours))
	}
	compareCalls(t, play, ours[:len(play)])
	ours = ours[len(play):]
	for fd := range 100 {
		of := func(c tracedCall) bool { return c.FD == fd }
		compareCalls(t, keep(crowd, of), keep(ours, of))
	}
	if len(crowd) != len(ours) {
		t.Errorf("strace reports %d calls, and we of %d", len(crowd), len(ours))
	}
}

func keep(calls []tracedCall, is func(tracedCall) bool) []tracedCall {
	return slices.DeleteFunc(slices.Clone(calls), func(c tracedCall) bool { return !is(c) })
}

// errnoText is what follows an errno's name: strace has the C library's words,
// this package Go's.
var errnoText = regexp.MustCompile(`( = -1 \w+) \(.*\)$`)

func compareCalls(t *testing.T, want, got []tracedCall) {
	t.Helper()
	for i := range got {
		got[i].Text = errnoText.ReplaceAllString(got[i].Text, "$1")
		if len(got[i].Data) == 0 {
			got[i].Data = nil
		}
	}
	ignore := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Start" }, cmp.Ignore())
	for i := range min(len(want), len(got)) {
		if want[i].Len < 0 { // not reported
			got[i].Len = want[i].Len
		}
		if d := cmp.Diff(want[i], got[i], ignore); d != "" {
			t.Fatalf("call %d (-strace +ours):\n%s", i, d)
		}
	}
	if len(want) != len(got) {
		t.Errorf("strace reports %d calls, and we of %d", len(want), len(got))
	}
}

// An straceLine is a system call as strace has it.
type straceLine struct {
	name   string
	args   []string
	result string
}

var (
	wholeCall   = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += (.*)$`)
	callBegins  = regexp.MustCompile(`^(\d+) +(\w+\(.*) <unfinished \.\.\.>$`)
	callResumes = regexp.MustCompile(`^(\d+) +<\.\.\. \w+ resumed>(.*)$`)
)

// parts reads strace's lines, each where its call began, and returns those
// between the session's marks.
func parts(text string) (marked [2][]straceLine) {
	pending := map[string]int{} // by thread, the line that began a call
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if m := callBegins.FindStringSubmatch(l); m != nil {
			pending[m[1]] = i
			lines[i] = m[1] + " " + m[2]
		} else if m := callResumes.FindStringSubmatch(l); m != nil {
			lines[pending[m[1]]] += m[2]
			lines[i] = ""
		}
	}
	part := -1
	for _, l := range lines {
		m := wholeCall.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		if n, _ := strconv.Atoi(m[3]); m[2] == "close" && n <= -100 {
			part = -100 - n
		} else if part == 0 || part == 1 {
			marked[part] = append(marked[part], straceLine{strings.TrimSuffix(m[2], "64"), arguments(m[3]), m[4]})
		}
	}
	return marked
}

// arguments splits at the commas that are in no bracket and no string.
func arguments(s string) (args []string) {
	depth, start, quoted := 0, 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		case c == ',' && depth == 0:
			args = append(args, s[start:i])
			start = i + 2
		}
	}
	return append(args, s[min(start, len(s)):])
}

// ownCalls keeps what was called on descriptors of ours: those that came from
// a call which makes one, until they were closed. What else there is, is Go's
// own poller: its calls are on a descriptor of its own, but for the
// fcntl(F_GETFL) that os.NewFile makes just before the poller's epoll_ctl.
func ownCalls(t *testing.T, marked [2][]straceLine) (calls [2][]tracedCall) {
	ours := map[string]bool{}
	for part, lines := range marked {
		for i, l := range lines {
			makes := l.name == "socket" || l.name == "socketpair" || l.name == "epoll_create1" ||
				l.name == "fcntl" && l.args[1] == "F_DUPFD_CLOEXEC" ||
				l.name == "getsockopt" && l.args[2] == "SO_TYPE" // FromFD begins with it
			fd := descriptor(l)
			if !makes && !ours[fd] || l.name == "fcntl" && l.args[1] == "F_GETFL" && forPoller(lines[i+1:], fd) {
				continue
			}
			calls[part] = append(calls[part], transcribe(t, l))
			switch {
			case l.name == "close":
				delete(ours, fd)
			case strings.HasPrefix(l.result, "-1"):
			case l.name == "socketpair":
				a, b, _ := strings.Cut(strings.Trim(l.args[3], "[]"), ", ")
				ours[a], ours[b] = true, true
			case l.name == "getsockopt":
				ours[fd] = true
			case makes || l.name == "accept4":
				ours[l.result] = true
			}
		}
	}
	return calls
}

// forPoller reports whether the next that happens to the descriptor is that
// another than ours has it added.
func forPoller(rest []straceLine, fd string) bool {
	for _, next := range rest {
		if next.name == "epoll_ctl" && next.args[2] == fd {
			return next.args[1] == "EPOLL_CTL_ADD"
		}
		if descriptor(next) == fd {
			return false
		}
	}
	return false
}

var polledFD = regexp.MustCompile(`^\[\{fd=(\d+), events=([\w|]+)\}\]$`)

func descriptor(l straceLine) string {
	if l.name == sys.PollCall {
		if m := polledFD.FindStringSubmatch(l.args[0]); m != nil {
			return m[1]
		}
	}
	return l.args[0]
}

var (
	revents  = regexp.MustCompile(`^1 \(\[\{fd=\d+, revents=([\w|]+)\}\].*\)$`)
	epolled  = regexp.MustCompile(`\{(events=[\w|]+), data=\{[^}]*\}\}`)
	failed   = regexp.MustCompile(`^-1 (\w+) \(.*\)$`)
	inHex    = regexp.MustCompile(`^0x[0-9a-f]+`)
	pieces   = regexp.MustCompile(`\{iov_base=("(?:[^"\\]|\\.)*"|NULL)(\.\.\.)?, iov_len=(\d+)\}`)
	inHeader = regexp.MustCompile(`msg_(controllen|flags)=([\w|]+)`)
)

// transcribe writes strace's line as Call.String would, and picks out what the
// Call's fields say. Where the two differ by design it follows ours: the
// lengths of addresses and options are left out; what a failed call did not
// fill in, strace shows as a pointer.
func transcribe(t *testing.T, l straceLine) (c tracedCall) {
	t.Helper()
	a := slices.Clone(l.args)
	c.Name, c.FD = l.name, -1
	result := l.result
	if m := failed.FindStringSubmatch(result); m != nil {
		result = "-1 " + m[1]
		c.Result = -1
	} else if h := inHex.FindString(result); h != "" { // fcntl's F_GETFL
		n, _ := strconv.ParseInt(h, 0, 64)
		c.Result, result = int(n), strconv.FormatInt(n, 10)
	} else {
		result, _, _ = strings.Cut(result, " ")
		c.Result, _ = strconv.Atoi(result)
	}
	ok := c.Result >= 0
	head := []string{} // the descriptor
	if l.name != "socket" && l.name != "socketpair" && l.name != "epoll_create1" {
		head = []string{descriptor(l)}
		c.FD, _ = strconv.Atoi(head[0])
		a = a[1:]
	}
	switch l.name {
	case "socket", "listen", "epoll_create1":
	case "socketpair": // whose protocol strace leaves a number
		if strings.HasPrefix(a[0], "AF_INET") && a[2] == "0" {
			a[2] = "IPPROTO_IP"
		}
		if !ok {
			a = a[:3]
		}
	case "close":
		a = nil
	case "shutdown":
		if h := inHex.FindString(a[0]); h != "" {
			n, _ := strconv.ParseInt(h, 0, 64)
			a[0] = strconv.FormatInt(n, 10)
		}
	case "bind", "connect", "getsockname", "getpeername":
		c.Addr = straceAddr(t, a[0])
		a = []string{orNULL(c.Addr)}
	case "accept4":
		c.Addr = straceAddr(t, a[0])
		a = []string{orNULL(c.Addr), a[2]}
	case "getsockopt", "setsockopt":
		if a = a[:3]; !ok && l.name == "getsockopt" {
			a = a[:2]
		}
	case "fcntl":
		if len(a) == 2 && a[0] == "F_SETFL" {
			a[1] = "O_NONBLOCK" // among those that were set already
		}
	case "ioctl":
		if !ok {
			a = a[:1]
		}
	case sys.PollCall:
		a = []string{"events=" + polledFD.FindStringSubmatch(l.args[0])[2]}
		if m := revents.FindStringSubmatch(l.result); m != nil {
			a = append(a, "revents="+m[1])
		}
	case "epoll_ctl":
		a[2] = epolled.ReplaceAllString(a[2], "{$1}")
	case "epoll_pwait":
		a = []string{"revents=0"}
		if m := epolled.FindStringSubmatch(l.args[1]); m != nil {
			a[0] = "r" + strings.ReplaceAll(m[1], "EPOLL", "POLL")
		}
	case "sendto", "recvfrom":
		data := a[0]
		if data == "NULL" || data[0] != '"' {
			data = `""`
		}
		c.Data = unquoteC(strings.TrimSuffix(data, "..."))
		c.Len, _ = strconv.Atoi(a[1])
		c.Flags, c.Addr = a[2], straceAddr(t, a[3])
		a = []string{data, a[1], a[2], orNULL(c.Addr)}
	case "sendmsg", "recvmsg":
		c.Flags = a[1]
		a = []string{"{" + straceMessage(t, l.name, a[0], &c) + "}", a[1]}
	default:
		t.Fatalf("a call that we never make: %v", l)
	}
	if c.Flags == "" {
		c.Flags = "0"
	}
	c.Text = l.name + "(" + strings.Join(append(head, a...), ", ") + ") = " + result
	return c
}

// straceMessage transcribes a msghdr. A failed recvmsg has been given one
// buffer, as the session makes sure: strace does not tell of it.
func straceMessage(t *testing.T, call, header string, c *tracedCall) string {
	fields := strings.Trim(header, "{}")
	var name string
	for _, f := range arguments(fields) {
		if v, ok := strings.CutPrefix(f, "msg_name="); ok {
			name = straceAddr(t, v)
		}
	}
	c.Addr = name
	var data strings.Builder
	cut := false
	iov := pieces.FindAllStringSubmatch(fields, -1)
	for _, p := range iov {
		if p[1] != "NULL" {
			data.WriteString(strings.Trim(p[1], `"`)) // plain letters in every vector of the session
		}
		cut = cut || p[2] != ""
		n, _ := strconv.Atoi(p[3])
		c.Len += n
	}
	if iov == nil && c.Result < 0 {
		iov = make([][]string, 1)
		c.Len = -1
	}
	all := data.String()
	if len(all) > sock.TracePrefix {
		all, cut = all[:sock.TracePrefix], true
	}
	c.Data = unquoteC(`"` + all + `"`)
	text := orNULL(name) + `, "` + all + `"`
	if cut {
		text += "..."
	}
	if len(iov) != 1 {
		text += " in " + strconv.Itoa(len(iov))
	}
	flags := "0"
	for _, m := range inHeader.FindAllStringSubmatch(fields, -1) {
		switch {
		case m[1] == "controllen" && m[2] != "0":
			text += ", control " + m[2]
		case m[1] == "flags": // which say again how descriptors were received
			if flags = strings.Trim(strings.ReplaceAll("|"+m[2], "|MSG_CMSG_CLOEXEC", ""), "|"); flags == "" {
				flags = "0"
			}
		}
	}
	if call == "recvmsg" {
		text += ", " + flags
	}
	return text
}

var (
	sinPort  = regexp.MustCompile(`sin6?_port=htons\((\d+)\)`)
	sinAddr  = regexp.MustCompile(`inet_addr\("([^"]+)"\)`)
	sin6Addr = regexp.MustCompile(`inet_pton\(AF_INET6, "([^"]+)"`)
	sunPath  = regexp.MustCompile(`sun_path=(@?)("(?:[^"\\]|\\.)*")`)
)

// straceAddr writes strace's sockaddr in this package's short form; "" for none.
func straceAddr(t *testing.T, s string) string {
	t.Helper()
	port := func() uint16 {
		n, err := strconv.ParseUint(sinPort.FindStringSubmatch(s)[1], 10, 16)
		if err != nil {
			t.Fatal(s)
		}
		return uint16(n)
	}
	switch {
	case s == "NULL", strings.HasPrefix(s, "0x"):
		return ""
	case s == "{sa_family=AF_UNSPEC}":
		return "raw:0000"
	case strings.HasPrefix(s, "{sa_family=AF_INET,"):
		return netip.AddrPortFrom(netip.MustParseAddr(sinAddr.FindStringSubmatch(s)[1]), port()).String()
	case strings.HasPrefix(s, "{sa_family=AF_INET6,") && strings.Contains(s, "scope_id=0") && strings.Contains(s, "flowinfo=htonl(0)"):
		return netip.AddrPortFrom(netip.MustParseAddr(sin6Addr.FindStringSubmatch(s)[1]), port()).String()
	case s == "{sa_family=AF_UNIX}":
		return "unix:"
	case strings.HasPrefix(s, "{sa_family=AF_UNIX,"):
		m := sunPath.FindStringSubmatch(s)
		make := sock.UnixAddr
		if m[1] == "@" {
			make = sock.AbstractAddr
		}
		a, err := make(string(unquoteC(m[2])))
		if err != nil {
			t.Fatal(err)
		}
		return a.String()
	}
	t.Fatal("an address of another kind: ", s)
	return ""
}

func orNULL(addr string) string {
	if addr == "" {
		return "NULL"
	}
	return addr
}

var escaped = regexp.MustCompile(`\\([0-7]{1,3}|.)`)

// unquoteC reads a string of C; nil for an empty one.
func unquoteC(s string) []byte {
	s = strings.TrimSuffix(strings.TrimPrefix(s, `"`), `"`)
	b := escaped.ReplaceAllFunc([]byte(s), func(e []byte) []byte {
		if n, err := strconv.ParseUint(string(e[1:]), 8, 8); err == nil {
			return []byte{byte(n)}
		}
		if i := bytes.IndexByte([]byte("tnvfr"), e[1]); i >= 0 {
			return []byte{'\t' + byte(i)}
		}
		return e[1:]
	})
	if len(b) == 0 {
		return nil
	}
	return b
}
