package main

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// TestChromium has the page in a real browser: what its script makes of it, and what
// it looks like. It takes much memory, so it is not parallel.
func TestChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: Chromium takes seconds, and much memory")
	}
	p, addr := startServer(t)
	chromium := func(args ...string) *programtest.Process {
		t.Helper()
		home := t.TempDir()
		c := programtest.Installed(t, "chromium", append(append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
			"--disable-background-networking", "--no-first-run", "--hide-scrollbars", "--force-device-scale-factor=1", "--no-proxy-server",
			"--user-data-dir=" + filepath.Join(home, "data"), "--virtual-time-budget=6000"}, args...), "http://"+addr+"/")...)
		c.Cmd.Env = append(c.Cmd.Env, "HOME="+home, "TMPDIR="+programtest.ShortDir(t)) // it has a unix socket there
		c.Start(strings.NewReader(""))
		c.Wait(0)
		return c
	}

	dom := chromium("--dump-dom").Out.String()
	_, drawn, found := strings.Cut(dom, "<figure>")
	drawn, rest, closed := strings.Cut(drawn, "</main>")
	if !found || !closed {
		t.Fatalf("no drawing in the page:\n%.3000s", dom)
	}
	for _, want := range []string{
		`>accept4?\(listening socket\)<`, `>recvfrom\(\d+\)<`, `>sendto\(\d+\)<`, `>GET / HTTP/1\.1<`, `>HTTP/1\.1 200 OK<`, `>&lt;!doctype html&gt;<`,
		`>reads the request: GET /<`, `>answers: 200 OK, \d+ bytes<`, `>connects: SYN, SYN\+ACK, ACK<`, `>= [\d,]+ bytes<`,
		// The page's own questions, seen by a later one.
		`>reads the request: GET /\.calls\.js<`, `>reads the request: GET /\.calls\.css<`, `>reads the request: GET /\.calls\.json<`, `>GET /\.calls\.json\?\w+<`,
	} {
		if !regexp.MustCompile(want).MatchString(drawn) {
			t.Errorf("no %s in the drawing", want)
		}
	}
	if n := strings.Count(drawn, `class="step"`); n < 20 {
		t.Errorf("%d steps are drawn", n)
	}
	if runtime.GOOS == "linux" && strings.Count(drawn, ">accept4(") > strings.Count(drawn, "<figcaption>") {
		t.Error("more accepts than connections")
	}
	if !regexp.MustCompile(`\d+ calls on \d connections?;`).MatchString(dom) || !strings.Contains(rest, "<h2>What the calls do</h2>") {
		t.Error("the rest of the page is not there")
	}
	if strings.Contains(dom, "KEY") {
		t.Error("a KEY is left")
	}

	file := filepath.Join(t.TempDir(), "page.png")
	chromium("--window-size=1000,800", "--screenshot="+file)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if size := picture.Bounds().Size(); size != image.Pt(1000, 800) {
		t.Fatalf("the picture is %v", size)
	}
	// The lanes are at 150, 500 and 850: see page.js. Arrows go from one to the next.
	for _, a := range []struct {
		name     string
		colour   color.RGBA
		from, to int
		least    int
	}{
		{"calls, from the server to the kernel", color.RGBA{0x09, 0x69, 0xda, 255}, 500, 850, 5},
		{"what arrives, from the browser to the kernel", color.RGBA{0x1a, 0x7f, 0x37, 255}, 150, 500, 2},
		{"what leaves, from the kernel to the browser", color.RGBA{0xbc, 0x4c, 0x00, 255}, 150, 500, 2},
	} {
		rows, outside := arrows(picture, a.colour, a.from, a.to)
		if rows < a.least || outside > 0 {
			t.Errorf("%s: %d arrows, want %d; %d elsewhere", a.name, rows, a.least, outside)
		}
	}
	for at, colour := range map[image.Point]color.RGBA{
		{5, 5}:     {255, 255, 255, 255},    // paper
		{85, 243}:  {0xdd, 0xf4, 0xe4, 255}, // heads of the lanes
		{435, 243}: {0xe7, 0xeb, 0xef, 255},
		{785, 243}: {0xdd, 0xeb, 0xfd, 255},
	} {
		if !near(picture, at, colour) {
			t.Errorf("no %v near %v", colour, at)
		}
	}
	if t.Failed() {
		if b, err := os.ReadFile(file); err == nil {
			keep := filepath.Join(os.TempDir(), "webserver-page.png")
			t.Log("see ", keep, ": ", os.WriteFile(keep, b, 0o644))
		}
	}
	p.Signal(os.Interrupt)
}

// arrows counts the lines of a colour, two pixels high, between two lanes, and those
// that are as long anywhere else.
func arrows(m image.Image, c color.RGBA, from, to int) (between, outside int) {
	const long = 250
	before := false
	for y := range m.Bounds().Dy() {
		found := false
		for x := 0; x < m.Bounds().Dx(); x++ {
			start := x
			for x < m.Bounds().Dx() && color.RGBAModel.Convert(m.At(x, y)) == c {
				x++
			}
			if x-start < long {
				continue
			}
			found = true
			if start < from-5 || start > from+30 || x > to+5 || x < to-30 {
				outside++
			} else if !before {
				between++
			}
		}
		before = found
	}
	return between, outside
}

// near reports whether a colour is within a few pixels: fonts are not the same
// everywhere, and shift what is below them.
func near(m image.Image, at image.Point, c color.RGBA) bool {
	for dy := -40; dy <= 60; dy++ {
		if color.RGBAModel.Convert(m.At(at.X, at.Y+dy)) == c {
			return true
		}
	}
	return false
}
