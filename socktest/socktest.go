// Package socktest finds Sockets that a test has left open.
package socktest

import "testing"

// Main runs the tests.
func Main(m *testing.M) int { return m.Run() }
