package sys

import (
	"strconv"
	"strings"
)

//go:generate go run mkconst.go

// Numbers for constants that a system does not have. No kernel uses Missing or a number
// below it. MissingFlag is a bit that no call accepts.
const (
	Missing     = -1000
	MissingFlag = -1 << 31
)

// Has reports whether this system has the constant v.
func Has(v int) bool { return v > Missing }

type constant struct {
	group, name string
	value       int
}

// ConstName returns the C name of v in a group of names.txt ("AF", "SO"), or
// v in decimal.
func ConstName(group string, v int) string {
	for i := range names {
		if n := &names[i]; n.value == v && n.group == group {
			return n.name
		}
	}
	return strconv.Itoa(v)
}

// FlagNames returns the C names of the bits of v in a group, joined by "|".
func FlagNames(group string, v int) string {
	if v == 0 {
		return "0"
	}
	var b strings.Builder
	for i := range names {
		if n := &names[i]; n.group == group && v&n.value != 0 && n.value != MissingFlag {
			if b.Len() > 0 {
				b.WriteByte('|')
			}
			b.WriteString(n.name)
			v &^= n.value
		}
	}
	if v != 0 {
		if b.Len() > 0 {
			b.WriteByte('|')
		}
		b.WriteString("0x" + strconv.FormatUint(uint64(uint32(v)), 16))
	}
	return b.String()
}
