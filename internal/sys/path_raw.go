//go:build freebsd || netbsd || dragonfly

package sys

// MaxPath is the longest unix path: one that fills sun_path, with no NUL.
const MaxPath = sunPath
