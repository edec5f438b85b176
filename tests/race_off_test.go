//go:build !race

package sock_test

// raceDetector says whether this binary was built with -race.
const raceDetector = false
