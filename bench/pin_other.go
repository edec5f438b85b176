//go:build !linux

package main

import "os/exec"

// cores lists none: elsewhere nothing is tied to a processor.
func cores() []int { return nil }

func startOn(c *exec.Cmd, _ int) error { return c.Start() }
