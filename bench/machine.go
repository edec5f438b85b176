package main

import (
	"debug/buildinfo"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// A Machine describes the machine of a run.
type Machine struct {
	Date   string `json:"date"`
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	Kernel string `json:"kernel"`
	CPU    string `json:"cpu"`
	CPUs   int    `json:"cpus"`
	Go     string `json:"go"`
	C      string `json:"c"`
}

const ourselves = "github.com/berkeleysockets/sock"

func thisMachine() Machine {
	return Machine{
		Date:   time.Now().UTC().Format(time.DateOnly),
		OS:     runtime.GOOS,
		Arch:   runtime.GOARCH,
		Kernel: firstLine(exec.Command("uname", "-sr")),
		CPU:    cpuName(),
		CPUs:   runtime.NumCPU(),
		Go:     runtime.Version(),
		C:      firstLine(exec.Command("gcc", "--version")),
	}
}

func firstLine(c *exec.Cmd) string {
	out, err := c.Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

func cpuName() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// addVersions adds the versions of the modules of a program.
func addVersions(to map[string]string, program string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	for _, d := range info.Deps {
		to[d.Path] = d.Version
		if d.Path == ourselves {
			to[d.Path] = "this tree"
			if commit := firstLine(exec.Command("git", "describe", "--always", "--dirty")); commit != "" {
				to[d.Path] += ", at " + commit
			}
		}
	}
	return nil
}
