package sys

// returnedFlags removes from got, the flags of a received message, those that the kernel
// only copied from given, the flags of the call. The BSDs and macOS return the call's
// flags with them (soreceive in sys/kern/uipc_socket.c ends with *flagsp |= flags), and
// Linux returns MSG_CMSG_CLOEXEC. A flag that may have either meaning stays.
func returnedFlags(got, given int) int {
	return got &^ (given &^ (MSG_OOB | MSG_EOR | MSG_TRUNC | MSG_CTRUNC | MSG_ERRQUEUE))
}
