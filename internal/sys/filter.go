package sys

// A FilterInstruction is a struct sock_filter (linux/filter.h).
type FilterInstruction struct {
	Op     uint16
	Jt, Jf uint8
	K      uint32
}
