package sock

import (
	"os"
	"strconv"

	"github.com/berkeleysockets/sock/internal/sys"
)

// The environment by which a process learns that it was given sockets.
const (
	listenFDs     = "LISTEN_FDS"
	listenPID     = "LISTEN_PID"
	listenNames   = "LISTEN_FDNAMES"
	listenPIDFDID = "LISTEN_PIDFDID"
	firstListenFD = 3
)

// Inherited returns the sockets that systemd or a parent process has passed to this process,
// in their order: LISTEN_FDS of them, from descriptor 3 on. None is no error. Each becomes a
// Socket as by [FromFD]: it is close-on-exec from then on, and non-blocking, also for other
// owners. The environment variables are removed, so that no child takes the sockets for its
// own. Call it once, early in main.
//
// The parent uses [Socket.File] and exec.Cmd, with LISTEN_FDS=1 in Env for one file in
// ExtraFiles. If LISTEN_PID names another process the variables are left over from a parent,
// and there are no sockets. A Go parent cannot know the PID of its child beforehand, so a
// missing LISTEN_PID is accepted. Read the names in LISTEN_FDNAMES before the call.
//
// On an error neither descriptors nor environment have changed.
//
// Errors: EINVAL (LISTEN_FDS is no number; a descriptor that is close-on-exec was opened by
// this process, and not inherited), EBADF (fewer were passed), ENOTSOCK (another kind of
// file).
//
// Source: sd_listen_fds(3).
func Inherited() ([]*Socket, error) {
	text := os.Getenv(listenFDs)
	if text == "" {
		return nil, nil
	}
	if pid, ok := os.LookupEnv(listenPID); ok && pid != strconv.Itoa(os.Getpid()) {
		if _, err := strconv.ParseUint(pid, 10, 31); err != nil {
			return nil, invalidInput("inherited", listenPID+"="+strconv.Quote(pid))
		}
		forgetInherited()
		return nil, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, invalidInput("inherited", listenFDs+"="+strconv.Quote(text))
	}
	// All are looked at before the first is touched.
	for fd := firstListenFD; fd < firstListenFD+int(n); fd++ {
		if err := inheritable(fd); err != nil {
			return nil, &Error{Op: "inherited", Name: "descriptor " + strconv.Itoa(fd), Err: err}
		}
	}
	var found []*Socket
	for fd := firstListenFD; fd < firstListenFD+int(n); fd++ {
		s, err := FromFD(fd)
		if err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	forgetInherited()
	return found, nil
}

// inheritable returns an error if a descriptor cannot have been passed.
func inheritable(fd int) error {
	ours, e := sys.Cloexec(fd)
	if e != 0 {
		return e
	}
	if ours { // what is close-on-exec does not live through exec
		return &inputError{"opened by this process, not handed over", sys.EINVAL}
	}
	s := new(Socket)
	s.fd.InitUntracked(fd)
	if _, _, _, e := s.identify(); e != 0 { // all that FromFD asks
		return e
	}
	return nil
}

func forgetInherited() {
	for _, name := range [...]string{listenFDs, listenPID, listenNames, listenPIDFDID} {
		os.Unsetenv(name)
	}
}
