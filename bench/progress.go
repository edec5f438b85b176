package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress tells how far we are: a bar on a terminal, and elsewhere a line for
// each point.
type progress struct {
	bar *progressbar.ProgressBar
	log io.Writer
}

func newProgress(log io.Writer, tasks []task, rounds int) *progress {
	whole := length(tasks, rounds)
	fmt.Fprintf(log, "bench: %d points, %d rounds, about %v\n", len(tasks), rounds, whole.Round(time.Second))
	p := &progress{log: log}
	if f, ok := log.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions64(whole.Milliseconds(), progressbar.OptionSetWriter(log), progressbar.OptionSetPredictTime(true),
			progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	return p
}

func (p *progress) begin(t task) {
	if p.bar != nil {
		p.bar.Describe(t.point.Name)
	} else {
		fmt.Fprintln(p.log, "bench:", t.point.Name)
	}
}

func (p *progress) done(d time.Duration) {
	if p.bar != nil {
		p.bar.Add64(d.Milliseconds()) // a bar that cannot be drawn is no loss
	}
}

func (p *progress) close() {
	if p.bar != nil {
		p.bar.Finish()
	}
}
