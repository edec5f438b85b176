//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// A userMemory is the memory of a process.
type userMemory struct {
	RSS  int // bytes, anonymous: without the pages of the program's file
	Heap int // of live objects
}

// ownMemory returns the memory of this process, after it has released what it can.
func ownMemory() (m userMemory, err error) {
	for range 3 {
		runtime.GC()
		debug.FreeOSMemory()
	}
	// Its counters are exact; those of statm lag behind on several processors.
	rss, err := fields("/proc/self/smaps_rollup", "Anonymous:")
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return userMemory{rss["Anonymous:"] << 10, int(s.HeapAlloc)}, err
}

// objects counts the live objects of the heap by their size.
func objects() map[int]int {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	live := make(map[int]int)
	for _, c := range s.BySize {
		if n := int(c.Mallocs - c.Frees); n > 0 {
			live[int(c.Size)] = n
		}
	}
	return live
}

// A kernelMemory is the memory of a machine's kernel and processes, in bytes.
type kernelMemory struct {
	Used    int            // of all memory, after the caches were dropped
	Slab    int            // of that in slabs: the kernel's objects
	Tables  int            // page tables
	Vmalloc int            // large tables: of descriptors
	PerCPU  int            //
	TCP     int            // in buffers of TCP
	Objects map[string]int // slabs by name, in bytes
	Counts  map[string]int // and in objects
}

// machineMemory returns the memory of a machine on which nothing else runs.
func machineMemory() (m kernelMemory, err error) {
	if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("3\n"), 0); err != nil {
		return m, err
	}
	info, err := fields("/proc/meminfo", "MemTotal:", "MemFree:", "Buffers:", "Cached:", "Slab:", "PageTables:", "VmallocUsed:", "Percpu:")
	if err != nil {
		return m, err
	}
	m.Used = (info["MemTotal:"] - info["MemFree:"] - info["Buffers:"] - info["Cached:"]) << 10
	m.Slab, m.Tables = info["Slab:"]<<10, info["PageTables:"]<<10
	m.Vmalloc, m.PerCPU = info["VmallocUsed:"]<<10, info["Percpu:"]<<10
	tcp, err := sockstat()
	if err != nil {
		return m, err
	}
	m.TCP = tcp["mem"] * os.Getpagesize()
	m.Objects, m.Counts, err = slabs()
	return m, err
}

// fields returns the numbers that follow the names at the start of lines.
func fields(path string, names ...string) (map[string]int, error) {
	found := make(map[string]int)
	err := eachLine(path, func(words []string) error {
		for _, n := range names {
			if len(words) > 1 && words[0] == n {
				v, err := strconv.Atoi(words[1])
				found[n] = v
				return err
			}
		}
		return nil
	})
	if err == nil && len(found) < len(names) {
		err = fmt.Errorf("%s: no more than %v of %v", path, found, names)
	}
	return found, err
}

// sockstat returns the kernel's counters of TCP: inuse, orphan, tw, alloc, mem.
func sockstat() (map[string]int, error) {
	found := make(map[string]int)
	err := eachLine("/proc/net/sockstat", func(words []string) (err error) {
		if words[0] == "TCP:" {
			for i := 1; i+1 < len(words) && err == nil; i += 2 {
				found[words[i]], err = strconv.Atoi(words[i+1])
			}
		}
		return err
	})
	return found, err
}

// slabs returns the kernel's objects by name.
func slabs() (size, count map[string]int, err error) {
	size, count = make(map[string]int), make(map[string]int)
	err = eachLine("/proc/slabinfo", func(words []string) error {
		if len(words) < 16 || words[0] == "#" {
			return nil // the heading
		}
		var n [4]int // active objects, all objects, their size, objects of a slab
		for i := range n {
			var err error
			if n[i], err = strconv.Atoi(words[i+1]); err != nil {
				return err
			}
		}
		pages, err := strconv.Atoi(words[5])
		if err != nil {
			return err
		}
		all, err := strconv.Atoi(words[14])
		size[words[0]], count[words[0]] = all*pages*os.Getpagesize(), n[0]
		return err
	})
	return size, count, err
}

// connections counts the sockets of a port in any state, the listener included.
func connections(port int) (n int, err error) {
	hex := fmt.Sprintf(":%04X", port)
	err = eachLine("/proc/net/tcp", func(words []string) error {
		if len(words) > 2 && (strings.HasSuffix(words[1], hex) || strings.HasSuffix(words[2], hex)) {
			n++
		}
		return nil
	})
	return n, err
}

// descriptors counts the descriptors of this process.
func descriptors() (n int, err error) {
	d, err := os.Open("/proc/self/fd")
	if err != nil {
		return 0, err
	}
	defer d.Close()
	for {
		names, err := d.Readdirnames(1000)
		n += len(names)
		if errors.Is(err, io.EOF) {
			return n - 1, nil // without the one that reads the folder
		}
		if err != nil {
			return 0, err
		}
	}
}

func eachLine(path string, f func(words []string) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if words := strings.Fields(lines.Text()); len(words) > 0 {
			if err := f(words); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	return lines.Err()
}
