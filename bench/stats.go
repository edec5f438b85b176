package main

import (
	"math"
	"slices"
)

// A Quartiles holds the median and the two values between which half of the values lie.
type Quartiles struct {
	Q1     float64 `json:"q1"`
	Median float64 `json:"median"`
	Q3     float64 `json:"q3"`
}

// quartiles interpolates between the values next to each quarter. Without values it returns
// zeros.
func quartiles(values []float64) Quartiles {
	if len(values) == 0 {
		return Quartiles{}
	}
	v := slices.Sorted(slices.Values(values))
	at := func(q float64) float64 {
		i, part := math.Modf(q * float64(len(v)-1))
		if part == 0 {
			return v[int(i)]
		}
		return v[int(i)]*(1-part) + v[int(i)+1]*part
	}
	return Quartiles{at(.25), at(.5), at(.75)}
}

// ratios divides two measurements of the same round, because a disturbance probably slowed
// both. A round with only one of them is left out.
func ratios(values, by []float64) []float64 {
	var r []float64
	for i := range min(len(values), len(by)) {
		if q := values[i] / by[i]; !math.IsNaN(q) && !math.IsInf(q, 0) {
			r = append(r, q)
		}
	}
	return r
}
