//go:build race

package sock_test

const raceDetector = true
