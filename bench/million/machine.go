//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const qemu = "qemu-system-x86_64"

// accels lists the values of -accel.
var accels = []string{"auto", "kvm", "icount", "tcg"}

// A machine is a qemu virtual machine, with this program as init.
type machine struct {
	connections int
	gigabytes   int
	accel       string
	kernel      string
	limit       time.Duration
}

// run boots the machine, and returns its report.
func (m machine) run() (r report, err error) {
	if _, err := exec.LookPath(qemu); err != nil {
		return r, fmt.Errorf("%w: on Debian it is in qemu-system-x86", err)
	}
	if m.gigabytes == 0 {
		info, err := fields("/proc/meminfo", "MemAvailable:")
		if err != nil {
			return r, err
		}
		if m.gigabytes = min(info["MemAvailable:"]>>20-4, 20); m.gigabytes < 1 {
			return r, errors.New("not enough memory is free: 5 GiB are needed")
		}
	}
	dir, err := os.MkdirTemp("", "million-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	if m.kernel == "" {
		if m.kernel, err = debianKernel(dir); err != nil {
			return r, err
		}
	}
	initrd, err := ourInit(dir)
	if err != nil {
		return r, err
	}
	ctx, free := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer free()
	ctx, stop := context.WithTimeout(ctx, m.limit)
	defer stop()
	if m.accel != "auto" {
		return m.boot(ctx, initrd)
	}
	m.accel = "kvm"
	r, err = m.boot(ctx, initrd)
	if errors.Is(err, errNotUp) {
		fmt.Fprintln(os.Stderr, "million: no machine with kvm, it is emulated")
		m.accel = "icount"
		r, err = m.boot(ctx, initrd)
	}
	return r, err
}

// debianKernel extracts the kernel from the package on which the package without a version
// depends.
func debianKernel(dir string) (string, error) {
	out, err := exec.Command("apt-cache", "depends", "linux-image-cloud-amd64").Output()
	if err != nil {
		return "", fmt.Errorf("apt-cache: %w; -kernel takes another kernel", err)
	}
	found := regexp.MustCompile(`linux-image-\d\S*-cloud-amd64`).FindString(string(out))
	if found == "" {
		return "", errors.New("apt-cache: linux-image-cloud-amd64 depends on no kernel; -kernel takes another")
	}
	fmt.Fprintf(os.Stderr, "million: the kernel is of %s\n", found)
	for _, c := range []string{"apt-get download -q " + found, "dpkg -x " + found + "_*.deb ."} {
		cmd := exec.Command("sh", "-c", c)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w: %s", c, err, out)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "boot", "vmlinuz-*"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("%s has the kernels %v: %w", found, files, err)
	}
	return files[0], nil
}

// ourInit builds this program again, as a static binary.
func ourInit(dir string) (string, error) {
	binary := filepath.Join(dir, "init")
	build := exec.Command("go", "build", "-o", binary, "github.com/berkeleysockets/sock/bench/million")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "initrd")
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	err = writeArchive(f, []entry{
		{name: "dev", mode: directory},
		{name: "dev/console", mode: charDev, device: [2]int{5, 1}},
		{name: "proc", mode: directory},
		{name: "sys", mode: directory},
		{name: "init", mode: program, content: content},
	})
	return path, errors.Join(err, f.Close())
}

// errNotUp reports a machine that did not start.
var errNotUp = errors.New("the machine does not start")

// startTime is the time within which our init must run under kvm. An emulated machine may
// take longer.
const startTime = 30 * time.Second

func (m machine) boot(parent context.Context, initrd string) (r report, err error) {
	ctx, stop := context.WithCancel(parent)
	defer stop()
	kernelArgs := "console=ttyS0 panic=-1 quiet slab_nomerge mitigations=off " + inside + "=" + strconv.Itoa(m.connections)
	args := []string{"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio",
		"-m", strconv.Itoa(m.gigabytes) + "G", "-kernel", m.kernel, "-initrd", initrd}
	switch m.accel {
	case "kvm":
		args = append(args, "-accel", "kvm", "-smp", "2")
	case "tcg":
		args = append(args, "-accel", "tcg,thread=multi", "-smp", "2")
	case "icount": // each instruction takes one nanosecond of the machine's clock
		args = append(args, "-accel", "tcg", "-icount", "shift=0")
		kernelArgs += " " + insideClock + "=instructions"
	}
	cmd := exec.CommandContext(ctx, qemu, append(args, "-append", kernelArgs)...)
	var trouble strings.Builder
	cmd.Stderr = &trouble
	out, err := cmd.StdoutPipe()
	if err != nil {
		return r, err
	}
	say := progress(os.Stderr)
	say("%s", cmd)
	if err := cmd.Start(); err != nil {
		return r, err
	}
	var late *time.Timer
	if m.accel == "kvm" {
		late = time.AfterFunc(startTime, stop)
		defer late.Stop()
	}
	heard, reported := false, false
	var last []string // other lines of the console
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		if text, ok := strings.CutPrefix(line, sayPrefix); ok {
			heard = true
			if late != nil {
				late.Stop()
			}
			say("%s", text)
		} else if text, ok := strings.CutPrefix(line, reportPrefix); ok {
			if err := json.Unmarshal([]byte(text), &r); err != nil {
				return r, err
			}
			reported = true
		} else if text, ok := strings.CutPrefix(line, failPrefix); ok {
			last = append(last, text)
		} else if last = append(last, line); len(last) > 20 {
			last = last[1:]
		}
	}
	err = cmd.Wait()
	switch {
	case reported:
		return r, nil
	case parent.Err() != nil:
		return r, fmt.Errorf("the machine was ended: %w", parent.Err())
	case !heard:
		return r, fmt.Errorf("%w: %v: %s %s", errNotUp, err, trouble.String(), strings.Join(last, "\n"))
	}
	return r, fmt.Errorf("the machine ended without a report: %v: %s %s", err, trouble.String(), strings.Join(last, "\n"))
}
