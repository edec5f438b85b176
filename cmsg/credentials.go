package cmsg

// Credentials are who a process is: its id, and its effective user and group. PID
// is 0 where the system does not tell it.
type Credentials struct{ PID, UID, GID int }
