package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress shows the progress of a run and its time left: a bar on a terminal, else a line
// for each point.
type progress struct {
	bar    *progressbar.ProgressBar
	log    io.Writer
	pace   *pace
	points int
	begun  int
	name   string        // of the point
	left   time.Duration // of the points that have not been measured
}

func newProgress(log io.Writer, tasks []task, pace *pace) *progress {
	whole := length(tasks, pace.rounds)
	text := ""
	if pace.limit > 0 {
		text = fmt.Sprintf(", at most %v", pace.limit)
	}
	fmt.Fprintf(log, "bench: %d points, %d rounds, about %v%s\n", len(tasks), pace.rounds, whole.Round(time.Second), text)
	p := &progress{log: log, pace: pace, points: len(tasks)}
	if f, ok := log.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions64(whole.Milliseconds(), progressbar.OptionSetWriter(log), progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	return p
}

// begin is called before a point, with the estimated time of this point and all later ones.
func (p *progress) begin(t task, left time.Duration) {
	p.begun++
	p.name, p.left = t.point.Name, left
	if p.bar != nil {
		p.bar.Describe(p.text())
	} else {
		fmt.Fprintln(p.log, "bench:", p.text())
	}
}

func (p *progress) text() string {
	return fmt.Sprintf("%d of %d, %s, %v left", p.begun, p.points, p.name, p.left.Round(time.Second))
}

// done is called after each run of a contender.
func (p *progress) done(planned, taken time.Duration) {
	p.pace.ran(planned, taken)
	p.left = max(0, p.left-taken)
	if p.bar != nil {
		p.bar.Describe(p.text())
		p.bar.Add64(planned.Milliseconds()) // an error of drawing is ignored
	}
}

func (p *progress) close() {
	if p.bar != nil {
		p.bar.Finish()
	}
}
