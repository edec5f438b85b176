//go:build darwin || openbsd

package sys

// MaxPath is the longest unix path: x/sys wants room for its NUL.
const MaxPath = sunPath - 1
