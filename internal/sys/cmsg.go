package sys

import "encoding/binary"

// The layout of a control message: a header (length including the header, level, type), the
// data, and padding to the alignment of the next message. The length is a machine word on
// Linux, and has 32 bits elsewhere.

const (
	sizeCmsgLen = 4 * (1 + cmsgLenWide)
	sizeCmsg    = sizeCmsgLen + 8
)

// Cmsg reads the header at the beginning of b. It returns where the data of the message
// begins and ends; the end may lie beyond the end of b. Ok is false if no message begins
// there.
func Cmsg(b []byte) (level, typ, data, end int, ok bool) {
	if len(b) < sizeCmsg {
		return 0, 0, 0, 0, false
	}
	n := uint64(binary.NativeEndian.Uint32(b))
	if sizeCmsgLen == 8 {
		n = binary.NativeEndian.Uint64(b)
	}
	level = int(int32(binary.NativeEndian.Uint32(b[sizeCmsgLen:])))
	typ = int(int32(binary.NativeEndian.Uint32(b[sizeCmsgLen+4:])))
	data = CmsgLen(0)
	if n < uint64(data) || n > 1<<30 {
		return 0, 0, 0, 0, false
	}
	return level, typ, data, int(n), true
}

// Descriptors calls yield with each descriptor that was received in b, as the 4 bytes of b in
// which it is, and whether it is of SCM_RIGHTS, else of SCM_PIDFD, until yield returns false.
// It includes those of a last message that was truncated.
func Descriptors(b []byte, yield func(fd []byte, rights bool) bool) {
	for {
		level, typ, at, end, ok := Cmsg(b)
		if !ok {
			return
		}
		rights := level == SOL_SOCKET && typ == SCM_RIGHTS && Has(typ)
		if rights || level == SOL_SOCKET && typ == SCM_PIDFD && Has(typ) {
			for at, end := min(at, len(b)), min(end, len(b)); at+4 <= end; at += 4 {
				if !yield(b[at:at+4], rights) {
					return
				}
			}
		}
		b = b[min(CmsgAligned(end), len(b)):]
	}
}

// CmsgAligned returns the offset of the message that follows one that ends at n.
func CmsgAligned(n int) int { return CmsgSpace(n) - CmsgSpace(0) }

// PutCmsg writes the header of a message with n bytes of data.
func PutCmsg(b []byte, n, level, typ int) {
	if sizeCmsgLen == 8 {
		binary.NativeEndian.PutUint64(b, uint64(CmsgLen(n)))
	} else {
		binary.NativeEndian.PutUint32(b, uint32(CmsgLen(n)))
	}
	binary.NativeEndian.PutUint32(b[sizeCmsgLen:], uint32(int32(level)))
	binary.NativeEndian.PutUint32(b[sizeCmsgLen+4:], uint32(int32(typ)))
}
