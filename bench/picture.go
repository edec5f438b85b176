package main

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// draw draws the pictures of the groups in the report, and returns their names by group.
// The background is white, so that they are readable on any page.
func (r *Report) draw(dir string) (map[string]string, error) {
	files := map[string]string{}
	for group, make := range map[string]func() (*picture, error){
		"connections": r.connectionsPicture,
		"latency":     r.latencyPicture,
		"memory":      r.memoryPicture,
		"batch":       r.batchPicture,
	} {
		p, err := make()
		if err != nil {
			return nil, err
		}
		if p == nil {
			continue
		}
		files[group] = group + ".svg"
		if err := p.save(filepath.Join(dir, files[group])); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// A picture is a plot with the names of the lines at the right.
type picture struct {
	*plot.Plot
	names plot.Legend
}

func (p *picture) save(path string) error {
	const width, height = 20 * vg.Centimeter, 11 * vg.Centimeter
	c := vgsvg.New(width, height)
	all := draw.New(c)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	right := vg.Length(4.4) * vg.Centimeter
	if p.names.Rectangle(all).Size().Y == 0 {
		right = vg.Points(20)
	}
	p.Draw(draw.Crop(all, vg.Points(6), -right, vg.Points(6), -vg.Points(8)))
	p.names.Draw(draw.Crop(all, width-right+vg.Points(10), -vg.Points(4), 0, -vg.Points(30)))
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = c.WriteTo(f)
	return errors.Join(err, f.Close())
}

// The font is a variable of package plot: two pictures at once would race for it.
func init() { plot.DefaultFont.Variant = "Sans" }

func newPicture(title, x, y string) *picture {
	p := &picture{plot.New(), plot.NewLegend()}
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.Padding = vg.Points(8)
	p.X.Label.Padding, p.Y.Label.Padding = vg.Points(4), vg.Points(4)
	p.names.Top, p.names.Left = true, true
	p.names.Padding, p.names.TextStyle.Font.Size = vg.Points(3), vg.Points(10)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{225}, color.Gray{225}
	p.Add(grid)
	return p
}

type colored struct {
	name  string
	color color.Color
}

// palette has one color for each contender, the same in all pictures, in the order of the
// tables. The lines of sock are thick.
var palette = []colored{
	{nameC, color.RGBA{0, 0, 0, 255}},
	{"C io_uring", color.RGBA{130, 130, 130, 255}},
	{"sock", color.RGBA{214, 39, 40, 255}},
	{"sock Poller", color.RGBA{214, 39, 40, 255}},
	{"sock goroutines", color.RGBA{255, 127, 14, 255}},
	{nameNet, color.RGBA{31, 119, 180, 255}},
	{"gnet", color.RGBA{44, 160, 44, 255}},
	{"netpoll", color.RGBA{148, 103, 189, 255}},
	{"nbio", color.RGBA{140, 86, 75, 255}},
	{"evio", color.RGBA{227, 119, 194, 255}},
	{"gaio", color.RGBA{23, 190, 207, 255}},
}

func colorOf(name string) color.Color {
	for _, c := range palette {
		if c.name == name {
			return c.color
		}
	}
	return color.Black
}

func ours(name string) bool { return strings.HasPrefix(name, "sock") }

// line adds a line with its name.
func line(p *picture, name string, xy plotter.XYs) error {
	if len(xy) == 0 {
		return nil
	}
	l, points, err := plotter.NewLinePoints(xy)
	if err != nil {
		return err
	}
	l.Color, points.Color = colorOf(name), colorOf(name)
	l.Width = vg.Points(1)
	if ours(name) {
		l.Width = vg.Points(2.5)
	}
	points.Shape, points.Radius = draw.CircleGlyph{}, vg.Points(2)
	p.Add(l, points)
	p.names.Add(name, l)
	return nil
}

// at puts a named tick at each point.
func at(points []*Point) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for _, p := range points {
		ticks = append(ticks, plot.Tick{Value: float64(p.X), Label: count(p.X)})
	}
	return ticks
}

// overPoints draws the points of a group along the x axis.
func overPoints(points []*Point, p *picture, y func(*Series) (float64, bool)) (*picture, error) {
	if len(points) < 2 {
		return nil, nil
	}
	some := false
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, at(points)
	for _, name := range contenders(points) {
		var xy plotter.XYs
		for _, point := range points {
			if s := point.series(name); s != nil {
				if v, ok := y(s); ok {
					xy = append(xy, plotter.XY{X: float64(point.X), Y: v})
				}
			}
		}
		if err := line(p, name, xy); err != nil {
			return nil, err
		}
		some = some || len(xy) > 0
	}
	if !some {
		return nil, nil
	}
	return p, nil
}

func (r *Report) connectionsPicture() (*picture, error) {
	p := newPicture("CPU time of the server for a request of 64 bytes", "busy connections", "ratio to C with epoll")
	p.Y.Min = .8
	return overPoints(r.points("connections"), p, func(s *Series) (float64, bool) {
		q, ok := s.ToC[metricCPU]
		return q.Median, ok
	})
}

func (r *Report) batchPicture() (*picture, error) {
	p := newPicture("Datagrams of 64 bytes, one core for both sides", "datagrams in a call", "million datagrams per CPU second")
	p.Y.Min = 0
	return overPoints(r.points("batch"), p, func(s *Series) (float64, bool) {
		q, ok := s.Summary[metricPerSecond]
		return q.Median / 1e6, ok
	})
}

// latencyPicture has the share of slower requests along the x axis. Each step is a tenth of
// the one before, so that the tail is visible.
func (r *Report) latencyPicture() (*picture, error) {
	points := r.points("connections")
	i := slices.IndexFunc(points, func(p *Point) bool { return p.X == base })
	if i < 0 {
		return nil, nil
	}
	p := newPicture(fmt.Sprintf("Latency, %d connections, messages of 64 bytes", base), "requests that are faster", "microseconds")
	some := false
	for _, s := range points[i].Series {
		var xy plotter.XYs
		for k, q := range distAt {
			var v []float64
			for _, d := range s.Dist {
				if k < len(d) {
					v = append(v, d[k])
				}
			}
			if m := quartiles(v).Median; m > 0 {
				xy = append(xy, plotter.XY{X: -math.Log10(1 - q), Y: m})
			}
		}
		if err := line(p, s.Name, xy); err != nil {
			return nil, err
		}
		some = some || len(xy) > 0
	}
	if !some {
		return nil, nil
	}
	p.Y.Scale = plot.LogScale{}
	p.Y.Tick.Marker = plot.LogTicks{Prec: -1}
	for _, t := range []struct {
		q    float64
		name string
	}{{0, "0"}, {.5, "50 %"}, {.9, "90 %"}, {.99, "99 %"}, {.999, "99.9 %"}, {.9999, "99.99 %"}} {
		p.X.Tick.Marker = append(ticksOf(p.X.Tick.Marker), plot.Tick{Value: -math.Log10(1 - t.q), Label: t.name})
	}
	return p, nil
}

func ticksOf(t plot.Ticker) plot.ConstantTicks {
	ticks, _ := t.(plot.ConstantTicks)
	return ticks
}

func (r *Report) memoryPicture() (*picture, error) {
	points := r.points("memory")
	if len(points) == 0 {
		return nil, nil
	}
	var names []string
	p := newPicture(fmt.Sprintf("Memory of an idle connection, of %s", count(points[0].X)), "bytes in the server's process", "")
	for _, s := range slices.Backward(points[0].Series) {
		q, ok := s.Summary[metricMemory]
		if !ok {
			continue
		}
		bar, err := plotter.NewBarChart(plotter.Values{max(0, q.Median)}, vg.Points(15))
		if err != nil {
			return nil, err
		}
		bar.Horizontal = true
		bar.XMin, bar.Color, bar.LineStyle.Width = float64(len(names)), colorOf(s.Name), 0
		names = append(names, fmt.Sprintf("%s: %s", s.Name, count(int(math.Round(q.Median)))))
		p.Add(bar)
	}
	if len(names) == 0 {
		return nil, nil
	}
	p.NominalY(names...)
	p.Y.Tick.Label.Font.Size = vg.Points(9)
	p.Y.Padding = vg.Points(14) // leaves room for a wider font
	p.X.Min = 0
	return p, nil
}
