package main

import (
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// draw makes the pictures that the report has something for, and returns their
// names, by group. Their ground is white, so that they can be read on any page.
func (r *Report) draw(dir string) (map[string]string, error) {
	files := map[string]string{}
	for group, make := range map[string]func() (*plot.Plot, error){
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
		p.BackgroundColor = color.White
		p.Title.Padding = vg.Points(6)
		files[group] = group + ".svg"
		if err := p.Save(18*vg.Centimeter, 11*vg.Centimeter, filepath.Join(dir, files[group])); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// colors is by contender, so that one has the same in all pictures; those of sock
// are the thick ones.
var colors = map[string]color.Color{
	nameC:             color.RGBA{0, 0, 0, 255},
	"C io_uring":      color.RGBA{120, 120, 120, 255},
	"sock":            color.RGBA{214, 39, 40, 255},
	"sock Poller":     color.RGBA{214, 39, 40, 255},
	"sock goroutines": color.RGBA{255, 127, 14, 255},
	nameNet:           color.RGBA{31, 119, 180, 255},
	"gnet":            color.RGBA{44, 160, 44, 255},
	"netpoll":         color.RGBA{148, 103, 189, 255},
	"nbio":            color.RGBA{140, 86, 75, 255},
	"evio":            color.RGBA{227, 119, 194, 255},
	"gaio":            color.RGBA{23, 190, 207, 255},
}

func ours(name string) bool {
	return name == "sock" || name == "sock Poller" || name == "sock goroutines"
}

// line adds a line with its name.
func line(p *plot.Plot, name string, xy plotter.XYs) error {
	if len(xy) == 0 {
		return nil
	}
	l, points, err := plotter.NewLinePoints(xy)
	if err != nil {
		return err
	}
	l.Color, points.Color = colors[name], colors[name]
	l.Width = vg.Points(1)
	if ours(name) {
		l.Width = vg.Points(2.5)
	}
	points.Shape, points.Radius = draw.CircleGlyph{}, vg.Points(2)
	p.Add(l, points)
	p.Legend.Add(name, l)
	return nil
}

func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Legend.Top = true
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{225}, color.Gray{225}
	p.Add(grid)
	return p
}

// at puts a tick at each point, with its name.
func at(points []*Point) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for _, p := range points {
		ticks = append(ticks, plot.Tick{Value: float64(p.X), Label: count(p.X)})
	}
	return ticks
}

// overPoints is a picture with the points of a group along the x axis.
func overPoints(points []*Point, p *plot.Plot, y func(*Series) (float64, bool)) (*plot.Plot, error) {
	if len(points) < 2 {
		return nil, nil
	}
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
	}
	p.Y.Min = 0
	p.Y.Max *= 1.25 // room for the names
	return p, nil
}

func (r *Report) connectionsPicture() (*plot.Plot, error) {
	p := newPlot("CPU time of the server for a request of 64 bytes", "busy connections", "ratio to C with epoll")
	return overPoints(r.points("connections"), p, func(s *Series) (float64, bool) {
		q, ok := s.ToC[metricCPU]
		return q.Median, ok
	})
}

func (r *Report) batchPicture() (*plot.Plot, error) {
	p := newPlot("Datagrams of 64 bytes, one core for both sides", "datagrams in a call", "million datagrams for a second of CPU time")
	p.Legend.Top, p.Legend.Left = true, true
	return overPoints(r.points("batch"), p, func(s *Series) (float64, bool) {
		q, ok := s.Summary[metricPerSecond]
		return q.Median / 1e6, ok
	})
}

// latencyPicture has the share of the slower requests along the x axis, each step
// a tenth of the one before: the tail is what one wants to see.
func (r *Report) latencyPicture() (*plot.Plot, error) {
	points := r.points("connections")
	i := slices.IndexFunc(points, func(p *Point) bool { return p.X == base })
	if i < 0 {
		return nil, nil
	}
	p := newPlot(fmt.Sprintf("Latency, %d connections, messages of 64 bytes", base), "requests that are faster", "microseconds")
	some := false
	for _, s := range points[i].Series {
		if len(s.Dist) == 0 {
			continue
		}
		some = true
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
	}
	if !some {
		return nil, nil
	}
	p.Legend.Left = true
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

func (r *Report) memoryPicture() (*plot.Plot, error) {
	points := r.points("memory")
	if len(points) == 0 {
		return nil, nil
	}
	var names []string
	p := newPlot(fmt.Sprintf("Memory of an idle connection, of %s", count(points[0].X)), "", "bytes in the server's process")
	for _, s := range points[0].Series {
		q, ok := s.Summary[metricMemory]
		if !ok || q.Median <= 0 {
			continue
		}
		bar, err := plotter.NewBarChart(plotter.Values{q.Median}, vg.Points(24))
		if err != nil {
			return nil, err
		}
		bar.XMin, bar.Color, bar.LineStyle.Width = float64(len(names)), colors[s.Name], 0
		names = append(names, fmt.Sprintf("%s\n%s", s.Name, count(int(q.Median))))
		p.Add(bar)
	}
	if len(names) == 0 {
		return nil, nil
	}
	p.NominalX(names...)
	p.Y.Min = 0
	return p, nil
}
