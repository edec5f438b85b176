package sys

// told leaves of a received message's flags what the kernel says of it. The
// BSDs and macOS give the call's own flags back with them (soreceive in
// sys/kern/uipc_socket.c ends with *flagsp |= flags), Linux MSG_CMSG_CLOEXEC. A
// flag that may mean either stays.
func told(got, given int) int {
	return got &^ (given &^ (MSG_OOB | MSG_EOR | MSG_TRUNC | MSG_CTRUNC | MSG_ERRQUEUE))
}
