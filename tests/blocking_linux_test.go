package sock_test

import (
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func init() {
	interrupt = func(pid int, sig syscall.Signal) int {
		tasks, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
		if err != nil {
			return 0
		}
		for _, t := range tasks {
			if tid, err := strconv.Atoi(t.Name()); err == nil {
				unix.Tgkill(pid, tid, sig)
			}
		}
		return len(tasks)
	}
}
