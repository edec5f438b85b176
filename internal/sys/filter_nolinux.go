//go:build !linux

package sys

func AttachFilter(fd, name int, program []FilterInstruction) Errno { return ENOSYS }
func GetFilter(fd int, program []FilterInstruction) (int, Errno)   { return 0, ENOSYS }
