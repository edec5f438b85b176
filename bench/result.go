package main

import (
	"encoding/json"
	"os"
	"slices"
)

// A Report is the result of one run, and the content of results.json.
type Report struct {
	Machine  Machine           `json:"machine"`
	Versions map[string]string `json:"versions"` // of the libraries, by module
	Settings Settings          `json:"settings"`
	Points   []*Point          `json:"points"`
	Skipped  []string          `json:"skipped,omitempty"` // by name, with the reason
}

// Settings are the rules that all contenders share.
type Settings struct {
	Size       string   `json:"size"` // quick, default or full
	Rounds     int      `json:"rounds"`
	Seconds    float64  `json:"seconds"` // of an echo run
	ServerCore int      `json:"server_core"`
	LoadCore   int      `json:"load_core"`
	GOMAXPROCS int      `json:"gomaxprocs"`
	Rules      []string `json:"rules"`
}

// A Point is one measurement of all contenders.
type Point struct {
	Name   string    `json:"name"`  // echo/connections=100
	Group  string    `json:"group"` // connections
	X      int       `json:"x"`     // 100
	Main   string    `json:"main"`  // the metric that is compared first
	Series []*Series `json:"series"`

	rounds int // that were run
}

// A Series holds the results of one contender, round by round.
type Series struct {
	Name    string               `json:"name"`
	Samples map[string][]float64 `json:"samples"` // by metric, one a round; empty after a failure
	Dist    [][]float64          `json:"dist,omitempty"`
	Failed  string               `json:"failed,omitempty"`

	Summary map[string]Quartiles `json:"summary"`
	ToC     map[string]Quartiles `json:"to_c,omitempty"`
	ToNet   map[string]Quartiles `json:"to_net,omitempty"`
	ToGnet  map[string]Quartiles `json:"to_gnet,omitempty"`
}

// The contenders to which the others are compared.
const (
	nameC    = "C" // with epoll
	nameNet  = "net"
	nameGnet = "gnet"
)

func (p *Point) series(name string) *Series {
	for _, s := range p.Series {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// summarize computes the fields that follow from the samples.
func (p *Point) summarize() {
	against := func(s *Series, name string) map[string]Quartiles {
		base := p.series(name)
		if base == nil || len(base.Samples) == 0 || len(s.Samples) == 0 {
			return nil
		}
		m := map[string]Quartiles{}
		for metric, v := range s.Samples {
			if r := ratios(v, base.Samples[metric]); len(r) > 0 {
				m[metric] = quartiles(r)
			}
		}
		return m
	}
	for _, s := range p.Series {
		s.Summary = map[string]Quartiles{}
		for metric, v := range s.Samples {
			s.Summary[metric] = quartiles(v)
		}
		s.ToC, s.ToNet, s.ToGnet = against(s, nameC), against(s, nameNet), against(s, nameGnet)
	}
}

// points returns the measured points of a group.
func (r *Report) points(group string) (found []*Point) {
	for _, p := range r.Points {
		if p.Group == group {
			found = append(found, p)
		}
	}
	return found
}

// contenders lists the contenders of some points, in the order of the tables.
func contenders(points []*Point) (names []string) {
	for _, p := range points {
		for _, s := range p.Series {
			if !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
		}
	}
	place := func(name string) int {
		return slices.IndexFunc(palette, func(c colored) bool { return c.name == name })
	}
	slices.SortStableFunc(names, func(a, b string) int { return place(a) - place(b) })
	return names
}

func (r *Report) write(path string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o666)
}

func readReport(path string) (*Report, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	return r, json.Unmarshal(b, r)
}
