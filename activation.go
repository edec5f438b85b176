package sock

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"github.com/berkeleysockets/sock/internal/sys"
)

// The environment by which a process learns that it was given sockets.
const (
	listenFDs     = "LISTEN_FDS"
	listenPID     = "LISTEN_PID"
	listenNames   = "LISTEN_FDNAMES"
	listenPIDFDID = "LISTEN_PIDFDID"
	notifySocket  = "NOTIFY_SOCKET"
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
// missing LISTEN_PID is accepted. [InheritedFDs] also has the names, and files that are no
// sockets.
//
// On an error neither descriptors nor environment have changed.
//
// Errors: EINVAL (LISTEN_FDS is no number; a descriptor that is close-on-exec was opened by
// this process, and not inherited), EBADF (fewer were passed), ENOTSOCK (another kind of
// file).
//
// Source: sd_listen_fds(3).
func Inherited() ([]*Socket, error) {
	n, err := inheritedCount()
	if n == 0 || err != nil {
		return nil, err
	}
	// All descriptors are checked before the first is changed.
	for fd := firstListenFD; fd < firstListenFD+n; fd++ {
		err := inheritable(fd)
		if err == nil {
			err = identifiable(fd)
		}
		if err != nil {
			return nil, inheritedError(fd, err)
		}
	}
	var found []*Socket
	for fd := firstListenFD; fd < firstListenFD+n; fd++ {
		s, err := FromFD(fd)
		if err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	forgetInherited()
	return found, nil
}

// An InheritedFD is a descriptor that a parent has passed: a Socket, or a File if it is no
// socket. The other field is nil.
type InheritedFD struct {
	Name   string // of LISTEN_FDNAMES: FileDescriptorName= of a systemd unit; "unknown" without one
	Socket *Socket
	File   *os.File // a FIFO, a device, a file ...
}

// InheritedFDs is [Inherited] with the names of the descriptors, and for descriptors of every
// kind. A File is close-on-exec from then on; its name is that of the descriptor. The caller
// must close all.
//
// Errors: those of Inherited but ENOTSOCK; EINVAL (LISTEN_FDNAMES has another number of names).
//
// Source: sd_listen_fds_with_names(3).
func InheritedFDs() ([]InheritedFD, error) {
	n, err := inheritedCount()
	if n == 0 || err != nil {
		return nil, err
	}
	all := make([]InheritedFD, n)
	if text, named := os.LookupEnv(listenNames); !named {
		for i := range all {
			all[i].Name = "unknown"
		}
	} else if names := strings.Split(text, ":"); len(names) != n {
		return nil, invalidInput("inherited", listenNames+"="+strconv.Quote(text)+": not "+strconv.Itoa(n)+" names")
	} else {
		for i, name := range names {
			all[i].Name = name
		}
	}
	isSocket := make([]bool, n)
	for i := range all {
		fd := firstListenFD + i
		if err := inheritable(fd); err != nil {
			return nil, inheritedError(fd, err)
		}
		err := identifiable(fd)
		if err != nil && !errors.Is(err, sys.ENOTSOCK) {
			return nil, inheritedError(fd, err)
		}
		isSocket[i] = err == nil
	}
	for i := range all {
		fd := firstListenFD + i
		if isSocket[i] {
			if all[i].Socket, err = FromFD(fd); err != nil {
				return nil, err
			}
			continue
		}
		if e := sys.SetCloexec(fd); e != 0 {
			return nil, inheritedError(fd, e)
		}
		all[i].File = os.NewFile(uintptr(fd), all[i].Name)
	}
	forgetInherited()
	return all, nil
}

// inheritedCount returns how many descriptors the environment announces to this process.
func inheritedCount() (int, error) {
	text := os.Getenv(listenFDs)
	if text == "" {
		return 0, nil
	}
	if pid, ok := os.LookupEnv(listenPID); ok && pid != strconv.Itoa(os.Getpid()) {
		if _, err := strconv.ParseUint(pid, 10, 31); err != nil {
			return 0, invalidInput("inherited", listenPID+"="+strconv.Quote(pid))
		}
		forgetInherited()
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, invalidInput("inherited", listenFDs+"="+strconv.Quote(text))
	}
	if n == 0 {
		forgetInherited()
	}
	return int(n), nil
}

func inheritedError(fd int, err error) error {
	return &Error{Op: "inherited", Name: "descriptor " + strconv.Itoa(fd), Err: err}
}

// inheritable returns an error if a descriptor cannot have been passed.
func inheritable(fd int) error {
	ours, e := sys.Cloexec(fd)
	if e != 0 {
		return e
	}
	if ours { // a descriptor that is close-on-exec does not survive exec
		return &inputError{"opened by this process, not handed over", sys.EINVAL}
	}
	return nil
}

// identifiable returns the error that FromFD would return.
func identifiable(fd int) error {
	s := new(Socket)
	s.fd.InitUntracked(fd)
	if _, _, _, e := s.identify(); e != 0 {
		return e
	}
	return nil
}

// States that [Notify] sends.
const (
	NotifyReady    = "READY=1"    // the service has started, or has reloaded its configuration
	NotifyStopping = "STOPPING=1" // the service is about to end
)

// NotifyMainPID is the state that makes another process the main process of the service: a
// server sends it that has passed its sockets to a new process and is about to end.
func NotifyMainPID(pid int) string { return "MAINPID=" + strconv.Itoa(pid) }

// Notify sends states to the service manager, as one datagram to the unix address in
// NOTIFY_SOCKET. Each state is NAME=VALUE; sd_notify(3) lists them. It returns false if there
// is no NOTIFY_SOCKET, and then does nothing: the same program runs without a manager. It calls
// socket(2), sendmsg(2) or sendto(2), and close(2). The variable stays in the environment.
//
// Errors: EINVAL (a state that is not NAME=VALUE on one line; NOTIFY_SOCKET is no unix
// address), those of [Open] and [Socket.SendTo].
//
// Source: sd_notify(3).
func Notify(states ...string) (sent bool, err error) {
	for _, state := range states {
		if name, _, ok := strings.Cut(state, "="); !ok || name == "" || strings.ContainsAny(state, "\n\x00") {
			return false, invalidInput("notify", strconv.Quote(state)+": not NAME=VALUE")
		}
	}
	text := os.Getenv(notifySocket)
	if text == "" || len(states) == 0 {
		return false, nil
	}
	var to Addr
	switch text[0] {
	case '/':
		to, err = UnixAddr(text)
	case '@':
		to, err = AbstractAddr(text[1:])
	default:
		err = &inputError{"no unix address", sys.EINVAL}
	}
	if err != nil {
		return false, &Error{Op: "notify", Err: &inputError{notifySocket + "=" + strconv.Quote(text) + ": " + err.Error(), err}}
	}
	s, err := Open(Unix, Dgram, 0)
	if err != nil {
		return false, err
	}
	defer s.Close()
	if _, err := s.SendTo([]byte(strings.Join(states, "\n")), 0, to); err != nil {
		return false, err
	}
	return true, nil
}

func forgetInherited() {
	for _, name := range [...]string{listenFDs, listenPID, listenNames, listenPIDFDID} {
		os.Unsetenv(name)
	}
}
