package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var everything = regexp.MustCompile("")

// built returns a builder whose folder is removed after the test.
func built(t *testing.T) *builder {
	t.Helper()
	b, err := newBuilder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// anywhere ties no process to a core, because other tests run meanwhile.
var anywhere = placement{-1, -1, 1}

// TestServers runs every server under the load generator, which compares all bytes: messages
// of one byte, of some, and of more than the kernel takes at once.
func TestServers(t *testing.T) {
	t.Parallel()
	l, skipped, err := newLoad(t.Context(), built(t), everything.MatchString, anywhere, .1, map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range skipped {
		t.Log("skipped: ", s)
		if !strings.Contains(s, "uring") && !strings.Contains(s, "no gcc") && runtime.GOOS == "linux" {
			t.Error(s)
		}
	}
	if l == nil {
		t.Skip("no load generator")
	}
	for _, s := range l.servers {
		for _, how := range []shape{{busy: 5, message: 1}, {busy: 20, idle: 50, message: 64}, {busy: 3, message: 100_000}, {busy: 2, message: 1 << 20}, {busy: 5, message: 64, connect: true}} {
			t.Run(fmt.Sprintf("%s %+v", s.name, how), func(t *testing.T) {
				t.Parallel()
				got, err := patiently(t, l, s, how)
				if err != nil {
					t.Fatal(err)
				}
				if got.metrics[metricRate] <= 0 || got.metrics[metricCPU] < 0 || len(got.dist) != len(distAt) || !slices.IsSorted(got.dist) {
					t.Errorf("%+v", got)
				}
			})
		}
		t.Run(s.name+" memory", func(t *testing.T) {
			t.Parallel()
			got, err := l.memory(t.Context(), s, 500)
			if err != nil {
				t.Fatal(err)
			}
			if v, ok := got.metrics[metricMemory]; !ok || v < -10_000 || v > 100_000 {
				t.Errorf("%v bytes for a connection", v)
			}
		})
	}
}

// patiently repeats a run on a machine that is so busy that no reply comes within the first
// tenth of a second. Wrong bytes fail at once.
func patiently(t *testing.T, l *load, s server, how shape) (got sample, err error) {
	t.Helper()
	p := *l
	for _, p.seconds = range []float64{.3, 1, 5} {
		if got, err = p.run(t.Context(), s, how); err == nil || strings.Contains(err.Error(), "MISMATCH") {
			break
		}
		t.Log(err)
	}
	return got, err
}

// TestHTTP sends each web server a request, and loads it with wrk.
func TestHTTP(t *testing.T) {
	t.Parallel()
	w, skipped, err := newWeb(t.Context(), built(t), everything.MatchString, anywhere, map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	if w == nil {
		for _, s := range skipped {
			if !strings.Contains(s, "no wrk") && !strings.Contains(s, "no gcc") && runtime.GOOS == "linux" {
				t.Error(s)
			}
		}
		t.Skip("skipped: ", skipped)
	}
	for _, s := range w.servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			p, addr, err := w.start(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			defer p.stop()
			r, err := http.Get("http://" + addr + "/")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			if b, err := io.ReadAll(r.Body); err != nil || r.StatusCode != http.StatusOK || string(b) != "hello, world\n" {
				t.Errorf("%s, %q, %v", r.Status, b, err)
			}
		})
		t.Run(s.name+" under wrk", func(t *testing.T) {
			t.Parallel()
			var got sample
			var err error
			for range 3 { // on a loaded machine wrk reports a late response as an error
				if got, err = w.run(t.Context(), s, 5); err == nil {
					break
				}
				t.Log(err)
			}
			if err != nil || got.metrics[metricRate] <= 0 || got.metrics[metricCPU] <= 0 {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestParseWrk(t *testing.T) {
	t.Parallel()
	const well = `Running 1s test @ http://127.0.0.1:41545/
  1 threads and 10 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   357.01us    1.08ms  15.53ms   96.46%
    Req/Sec    45.24k     2.95k   48.16k    72.73%
  49535 requests in 1.10s, 6.14MB read
Requests/sec:  44974.78
Transfer/sec:      5.58MB
`
	for _, c := range []struct {
		out            string
		requests, rate float64
		fails          string
	}{
		{well, 49535, 44974.78, ""},
		{strings.Replace(well, "Requests/sec:", "  Socket errors: connect 0, read 3, write 0, timeout 0\nRequests/sec:", 1), 0, 0, "read 3"},
		{strings.Replace(well, "Requests/sec:", "  Non-2xx or 3xx responses: 49535\nRequests/sec:", 1), 0, 0, "Non-2xx or 3xx responses: 49535"},
		{strings.Replace(well, "49535", "0", 1), 0, 0, "no answer"},
		{strings.Replace(well, "49535", "some", 1), 0, 0, "some"},
		{strings.Replace(well, "44974.78", "many", 1), 0, 0, "many"},
		{"", 0, 0, "no answer"},
	} {
		requests, rate, err := parseWrk(c.out)
		if requests != c.requests || rate != c.rate || (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%v, %v, %v, not %+v", requests, rate, err, c)
		}
	}
}

// TestProcs shows that with more than one processor only the micro-benchmarks are tied to a
// core.
func TestProcs(t *testing.T) {
	t.Parallel()
	alone := placed([]int{3, 4})
	if at := alone.spread(1); at != alone || at.env()[0] != "GOMAXPROCS=1" {
		t.Error(at)
	}
	at := alone.spread(2)
	if at != (placement{-1, -1, 2}) || at.env()[0] != "GOMAXPROCS=2" {
		t.Error(at)
	}
	s := settings(sizes["quick"], at, alone)
	if s.GOMAXPROCS != 2 || s.ServerCore != -1 || !strings.HasPrefix(s.Rules[0], "GOMAXPROCS=2 for the servers in Go; neither servers nor load are tied to a core") {
		t.Errorf("%+v", s)
	}
}

// TestMicros runs each work on each side.
func TestMicros(t *testing.T) {
	t.Parallel()
	b := built(t)
	file, err := b.file(1)
	if err != nil {
		t.Fatal(err)
	}
	all, skipped, err := newMicros(t.Context(), b, everything.MatchString, anywhere, file, map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("skipped:", skipped)
	for _, m := range all {
		defer m.close()
	}
	z := sizes["quick"]
	z.micro, z.mib = .002, 2
	for _, task := range microTasks(all, z) {
		p, err := task.run(t.Context(), 2, func(_, _ time.Duration) {})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Series {
			if s.Failed != "" && runtime.GOOS == "linux" {
				t.Error(p.Name, s.Name, s.Failed)
			}
		}
		// The other side is always a new goroutine.
		if s := p.series("sock"); s != nil && s.Summary[metricAllocs].Median > map[string]float64{"micro/connect": 2, "micro/bulk": 10, "micro/sendfile": 30, "micro/splice": 30}[p.Name] {
			t.Errorf("%s: %v allocations", p.Name, s.Summary[metricAllocs].Median)
		}
	}
}

// TestMicroFails shows that a side that has ended is started again for the next work.
func TestMicroFails(t *testing.T) {
	t.Parallel()
	all, _, err := newMicros(t.Context(), built(t), regexp.MustCompile("^sock$").MatchString, anywhere, "/no/such/file", map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	m := all[0]
	defer m.close()
	for _, work := range []string{"dance 0", "sendfile 0"} {
		if _, err := m.run(t.Context(), work, .001, 1, 1); err == nil || !strings.Contains(err.Error(), "micro: ") {
			t.Errorf("%s: %v", work, err)
		}
	}
	if _, err := m.run(t.Context(), "udp 64", .001, 0, 1); err != nil {
		t.Error(err)
	}
}

// TestMicroLimit shows that a side that does not answer ends at the run's limit.
func TestMicroLimit(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip("no sleep, which is a program that does not answer:", err)
	}
	m := &micro{name: nameC, n: map[string]int{}}
	m.start = func(in, out *os.File) (*process, error) {
		return start(context.Background(), -1, nil, in, out, program, "300")
	}
	defer m.close()
	r, began := &Report{}, time.Now()
	err = r.run(t.Context(), microTasks([]*micro{m}, sizes["quick"]), size{limit: 200 * time.Millisecond, rounds: 5}, io.Discard)
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %v", took)
	}
	if err == nil || len(r.Skipped) == 0 || !strings.Contains(r.Skipped[0], "no time for it") {
		t.Errorf("%v; %q", err, r.Skipped)
	}
}

func TestQuartiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []float64
		want   Quartiles
	}{
		{nil, Quartiles{}},
		{[]float64{7}, Quartiles{7, 7, 7}},
		{[]float64{2, 1}, Quartiles{1.25, 1.5, 1.75}},
		{[]float64{5, 1, 4, 2, 3}, Quartiles{2, 3, 4}},
		{[]float64{1000, 1, 1, 1, 1, 1, 1}, Quartiles{1, 1, 1}},
	} {
		if got := quartiles(c.values); got != c.want {
			t.Errorf("%v: %v, not %v", c.values, got, c.want)
		}
	}
}

func TestRatios(t *testing.T) {
	t.Parallel()
	got := ratios([]float64{2, 9, 1, 0, math.NaN(), 5}, []float64{1, 3, 0, 0, 1})
	if !slices.Equal(got, []float64{2, 3}) {
		t.Error(got)
	}
}

// TestRounds shows that each contender begins a round once, and that one that fails twice is
// left out.
func TestRounds(t *testing.T) {
	t.Parallel()
	var order strings.Builder
	one := func(name string, fails int) contender {
		return contender{name, func(context.Context) (sample, error) {
			order.WriteString(name)
			if fails > 0 {
				fails--
				return sample{}, errors.New("it broke")
			}
			return sample{metrics: map[string]float64{metricCPU: 1}}, nil
		}}
	}
	steps := 0
	p, err := task{contenders: []contender{one("A", 0), one("B", 1), one("C", 2)}}.run(t.Context(), 3, func(_, _ time.Duration) { steps++ })
	if err != nil {
		t.Fatal(err)
	}
	if got := order.String(); got != "ABBCC"+"BA"+"AB" || steps != 9 {
		t.Error(got, steps)
	}
	if p.Series[0].Failed+p.Series[1].Failed != "" || p.Series[2].Failed != "round 1: it broke" || len(p.Series[1].Samples[metricCPU]) != 3 || p.Series[2].Samples != nil {
		t.Errorf("%+v", p.Series)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (task{contenders: []contender{one("A", 0)}}).run(ctx, 1, func(_, _ time.Duration) {}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestPace shows that runs that take longer than planned lead to fewer rounds, then to fewer
// points, and that the report names both.
func TestPace(t *testing.T) {
	t.Parallel()
	var tasks []task
	for _, name := range []string{"a", "b", "c", "d"} {
		slow := contender{"C", func(ctx context.Context) (sample, error) {
			select {
			case <-ctx.Done():
				return sample{}, ctx.Err()
			case <-time.After(300 * time.Millisecond):
			}
			return sample{metrics: map[string]float64{metricCPU: 1}}, nil
		}}
		tasks = append(tasks, task{point: Point{Name: name, Main: metricCPU}, contenders: []contender{slow}, each: 100 * time.Millisecond})
	}
	for _, c := range []struct {
		limit   time.Duration
		points  int
		skipped int
	}{{0, 4, 0}, {time.Minute, 4, 0}, {3500 * time.Millisecond, -1, 1}} {
		t.Run(c.limit.String(), func(t *testing.T) {
			t.Parallel()
			r := &Report{}
			var log bytes.Buffer
			start := time.Now()
			if err := r.run(t.Context(), tasks, size{limit: c.limit, rounds: 10}, &log); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); c.limit > 0 && took > c.limit+5*time.Second {
				t.Errorf("it took %v, the limit is %v", took, c.limit)
			}
			if c.points >= 0 && len(r.Points) != c.points || len(r.Skipped) < c.skipped || c.skipped == 0 && len(r.Skipped) > 0 {
				t.Errorf("%d points; %q", len(r.Points), r.Skipped)
			}
			for _, p := range r.Points {
				if n := len(p.Series[0].Samples[metricCPU]); n < fewest {
					t.Errorf("%s has %d rounds", p.Name, n)
				}
			}
			if !strings.Contains(log.String(), "bench: 1 of 4, a, ") || !strings.Contains(log.String(), "bench: 4 of 4, d, ") || !strings.Contains(log.String(), " left\n") {
				t.Error(log.String())
			}
		})
	}
	r := &Report{}
	if err := r.run(t.Context(), tasks, size{limit: time.Millisecond, rounds: 10}, io.Discard); err == nil {
		t.Error("a report of nothing")
	}
}

// fixed is a report with invented figures.
func fixed() *Report {
	r := &Report{
		Machine:  Machine{Date: "2026-01-02", OS: "linux", Arch: "amd64", Kernel: "Linux 6.1", CPU: "a CPU", CPUs: 2, Go: "go1.26", C: "gcc 12"},
		Versions: map[string]string{"example.org/x": "v1.2.3"},
		Settings: Settings{Size: "quick", Rounds: 3, Seconds: .5, Rules: []string{"one rule"}},
		Skipped:  []string{"C io_uring: no liburing"},
	}
	series := func(name string, metric string, v ...float64) *Series {
		s := &Series{Name: name, Samples: map[string][]float64{metric: v}}
		if metric == metricCPU {
			for range v {
				d := make([]float64, len(distAt))
				for i := range d {
					d[i] = v[0] * float64(i+1)
				}
				s.Dist = append(s.Dist, d)
			}
		}
		return s
	}
	add := func(name, group string, x int, main string, all ...*Series) {
		p := &Point{Name: name, Group: group, X: x, Main: main, Series: all}
		p.summarize()
		r.Points = append(r.Points, p)
	}
	for _, n := range []int{100, 1000} {
		c := series(nameC, metricCPU, 10, 11, 12)
		c.Samples[metricBusy] = []float64{.9, .3, .2}
		add(fmt.Sprint("echo/connections=", n), "connections", n, metricCPU, c, series("sock Poller", metricCPU, 11, 12.1, 12), series(nameNet, metricCPU, 20, 22, 24))
	}
	add("echo/memory=15000", "memory", 15000, metricMemory, series(nameC, metricMemory, 0), series("sock Poller", metricMemory, 180), series(nameNet, metricMemory, 7200), &Series{Name: "evio", Failed: "round 1: it fell"})
	add("http/connections=100", "http", 100, metricCPU, series(nameNet, metricCPU, 20, 20, 20), series(nameHTTP, metricCPU, 16, 18, 18))
	add("micro/udp", "micro", 64, metricTime, series(nameC, metricTime, 1000), series("sock", metricTime, 1100), series(nameNet, metricTime, 2000))
	for _, n := range []int{1, 64} {
		add(fmt.Sprint("micro/batch=", n), "batch", n, metricTime, series(nameC, metricTime, 1000), series("sock", metricTime, 1050), series(nameNet, metricTime, 2100))
		for _, s := range r.Points[len(r.Points)-1].Series {
			s.Summary[metricPerSecond] = Quartiles{1e6, 1e6, 1e6}
		}
	}
	return r
}

func TestReport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var out bytes.Buffer
	if err := fixed().publish(dir, &out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{
		"2026-01-02. Linux 6.1, linux/amd64, 2 CPUs (a CPU). go1.26, gcc 12.",
		"3 rounds, echo runs of 0.5 s",
		"- one rule",
		"**Failed:**\n\n- echo/memory=15000, evio: round 1: it fell",
		"Skipped:\n\n- C io_uring: no liburing",
		"| sock Poller | 1.10 (1.05-1.10) | 0.55 (0.52-0.55) |",
		"| net | 2.00 (2.00-2.00) | 1.00 (1.00-1.00) |",
		"had 0.30 of one",
		"| server | 100 | 1,000 |",
		"| sock Poller | 180 | 0.03 (0.03-0.03) |",
		"| evio | - | - |",
		"| a datagram of 64 bytes, with addresses | 1000 ns | 1.10 (1.10-1.10) | 0.55 (0.55-0.55) | 2.00 (2.00-2.00) | - | - |",
		"| 64 | 1000 | 1.05 (1.05-1.05) | 0.50 (0.50-0.50) | 2.10 (2.10-2.10) |",
		"| net/http on net | 1.00 (1.00-1.00) | - |",
		"| net/http on sock | 0.90 (0.85-0.90) | - |",
		"On net a request took 20.0 µs of CPU time",
		"![Memory of an idle connection](memory.svg)",
		"- example.org/x v1.2.3",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	written, err := os.ReadFile(filepath.Join(dir, "report.md"))
	if err != nil || string(written) != text {
		t.Error("report.md is not what was printed", err)
	}
	for _, name := range []string{"connections", "latency", "memory", "batch"} {
		b, err := os.ReadFile(filepath.Join(dir, name+".svg"))
		if err != nil || !bytes.Contains(b, []byte("<svg")) || !bytes.Contains(b, []byte("sock")) || !bytes.HasSuffix(bytes.TrimSpace(b), []byte("</svg>")) {
			t.Errorf("%s.svg: %v, %d bytes", name, err, len(b))
		}
	}

	// The JSON that was written gives the same report.
	var again, log bytes.Buffer
	if status := program(t.Context(), []string{"-from", filepath.Join(dir, "results.json"), "-out", t.TempDir()}, &again, &log); status != 1 || again.String() != text { // 1: evio failed
		t.Errorf("status %d, %s\n%s", status, &log, &again)
	}
}

func TestReportOfNothing(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := (&Report{}).publish(t.TempDir(), &out); err != nil {
		t.Error(err)
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want int
		says string
	}{
		{[]string{"-h"}, 0, "-quick"},
		{[]string{"-quick", "-full"}, 2, "not both"},
		{[]string{"-only", "("}, 2, "-only"},
		{[]string{"-servers", "("}, 2, "-servers"},
		{[]string{"-rounds", "-1"}, 2, "-rounds"},
		{[]string{"-limit", "-5s"}, 2, "-limit"},
		{[]string{"-procs", "0"}, 2, "-procs"},
		{[]string{"-nonsense"}, 2, "-nonsense"},
		{[]string{"quick"}, 2, "no flag: quick"},
		{[]string{"-only", "nothing like this"}, 1, "nothing to measure"},
		{[]string{"-from", "/no/such/file"}, 1, "no such file"},
		{[]string{"-list", "-full"}, 0, "echo/connections=8000"},
		{[]string{"-list", "-quick", "-only", "^http/"}, 0, "net, net/http on sock"},
		{[]string{"-list", "-quick", "-only", "udp"}, 0, "micro/udp"},
	} {
		var all bytes.Buffer
		if got := program(t.Context(), c.args, &all, &all); got != c.want || !strings.Contains(all.String(), c.says) {
			t.Errorf("%v: status %d, not %d:\n%s", c.args, got, c.want, &all)
		}
	}
}

// TestRun makes a whole run with few points.
func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var out, log bytes.Buffer
	if status := program(t.Context(), []string{"-quick", "-rounds", "1", "-only", "^micro/(udp|connect)$", "-out", dir}, &out, &log); status != 0 {
		t.Fatalf("status %d: %s\n%s", status, &log, &out)
	}
	if !strings.Contains(out.String(), "a datagram of 64 bytes") || !strings.Contains(out.String(), "github.com/berkeleysockets/sock this tree") {
		t.Error(out.String())
	}
	r, err := readReport(filepath.Join(dir, "results.json"))
	if err != nil || len(r.Points) != 2 || r.Machine.Go != runtime.Version() {
		t.Errorf("%v, %+v", err, r)
	}
}

// TestInterrupted shows that an interrupted run reports its measurements so far.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out bytes.Buffer
	log := &watched{word: "micro/batch", seen: cancel}
	status := program(ctx, []string{"-quick", "-rounds", "2", "-only", "^micro/(udp|batch)", "-servers", "^sock$"}, &out, log)
	if status != 0 || !strings.Contains(out.String(), "interrupted") || !strings.Contains(out.String(), "a datagram of 64 bytes") {
		t.Errorf("status %d: %s\n%s", status, log, &out)
	}
}

// A watched is a writer that calls seen when a word is written to it.
type watched struct {
	bytes.Buffer
	word string
	seen func()
	once sync.Once
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if strings.Contains(w.String(), w.word) {
		w.once.Do(w.seen)
	}
	return n, err
}
