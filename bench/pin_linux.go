package main

import (
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// cores lists the processors that we may run on.
func cores() (all []int) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil
	}
	for i := range 8 * len(set) * 8 {
		if set.IsSet(i) {
			all = append(all, i)
		}
	}
	return all
}

// startOn starts a program on one core: as taskset(1) does, it is born there.
func startOn(c *exec.Cmd, core int) error {
	if core < 0 {
		return c.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	set.Set(core)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return err
	}
	defer unix.SchedSetaffinity(0, &before)
	return c.Start()
}
