// Package cmsg builds and reads control messages (ancillary data), which sendmsg(2) and
// recvmsg(2) transfer next to the data. It converts bytes and needs no Socket: the buffers of
// WriteMsgUDP and ReadMsgUDP of a [net.UDPConn] serve as well as those of sock.Message and
// sock.Batch.
//
// The builders, such as [AppendTOS], append one control message to a buffer. They allocate
// only if the buffer has no room. A builder returns no error. A value that does not fit, or a
// message that this system does not have, becomes a message that no kernel accepts. See [Check]
// for the error. A kernel ignores messages of a level that the datagram or the socket does not
// have, such as those of IPv6 on an IPv4 socket: SendMsg and SendBatch of package sock refuse
// them, and WriteMsgUDP of package net does not.
//
// [Next] and [All] read a buffer that was received. The methods of [Message] decode one
// control message. They allocate only for the zone of an IPv6 address, and Rights if its slice
// has no room.
//
// Source: cmsg(3).
package cmsg

import (
	"encoding/binary"
	"encoding/hex"
	"iter"
	"strconv"

	"github.com/berkeleysockets/sock/internal/sys"
)

// A Message is one control message. Its methods decode its data, and return false for a
// message of another level, type or size.
//
// Source: cmsg(3).
type Message struct {
	Level int    // SOL_SOCKET or the number of a protocol
	Type  int    // a number of that level
	Data  []byte // a part of the buffer that was read
}

// Space returns the size of a control message with n bytes of data: CMSG_SPACE. A buffer
// for several messages has the sum of their sizes.
//
// Source: cmsg(3).
func Space(n int) int {
	return sys.CmsgSpace(min(max(n, 0), 1<<30))
}

// Append appends a control message of any level and type to b. SendMsg and Batch.Add of
// package sock and WriteMsgUDP of package net accept the result.
//
// Source: cmsg(3).
func Append(b []byte, level, typ int, data []byte) []byte {
	b, to := appendMessage(b, level, typ, len(data))
	copy(to, data)
	return b
}

// appendMessage appends a message with n bytes of data, which are zero and are filled by the
// caller.
func appendMessage(b []byte, level, typ, n int) (all, data []byte) {
	at := sys.CmsgAligned(len(b)) // the kernel looks for the next header there
	end := at + sys.CmsgSpace(n)
	if end > cap(b) {
		b = append(make([]byte, 0, end), b...)
	}
	from := len(b)
	b = b[:end]
	clear(b[from:])
	sys.PutCmsg(b[at:], n, level, typ)
	return b, b[at+sys.CmsgLen(0) : at+sys.CmsgLen(n)]
}

// appendInt appends a message whose data is a C int.
func appendInt(b []byte, level, typ, v int) []byte {
	if int(int32(v)) != v {
		return appendInvalid(b)
	}
	return appendUint32(b, level, typ, uint32(int32(v)))
}

func appendUint32(b []byte, level, typ int, v uint32) []byte {
	b, data := appendMessage(b, level, typ, 4)
	binary.NativeEndian.PutUint32(data, v)
	return b
}

// Next returns the first control message in b, and the bytes behind it. It returns false if
// b has no complete message.
//
// Source: cmsg(3).
func Next(b []byte) (m Message, rest []byte, ok bool) {
	level, typ, at, end, ok := sys.Cmsg(b)
	if !ok || end > len(b) {
		return m, nil, false
	}
	return Message{level, typ, b[at:end:end]}, b[min(sys.CmsgAligned(end), len(b)):], true
}

// All returns an iterator over the control messages in b. It allocates nothing itself, but
// ranging over it can move a b on the stack to the heap, where a loop over [Next] does not.
//
// Source: cmsg(3).
func All(b []byte) iter.Seq[Message] {
	return func(yield func(Message) bool) {
		for {
			m, rest, ok := Next(b)
			if !ok || !yield(m) {
				return
			}
			b = rest
		}
	}
}

// String returns level and type by their C names, and the data in hexadecimal.
func (m Message) String() string {
	name := ""
	if m.Level == sys.SOL_SOCKET {
		if name = sys.ConstName("SCM", m.Type); name == strconv.Itoa(m.Type) {
			name = sys.ConstName("SO", m.Type)
		}
	} else {
		name = sys.ConstName(sys.OptionGroup(sys.AF_UNSPEC, m.Level), m.Type)
	}
	return sys.LevelName(sys.AF_UNSPEC, m.Level) + " " + name + " " + hex.EncodeToString(m.Data)
}

// is reports whether m has a level, a type that this system has, and at least size bytes of
// data.
func (m Message) is(level, typ, size int) bool {
	return m.Level == level && m.Type == typ && sys.Has(typ) && len(m.Data) >= size
}

func (m Message) uint32(at int) uint32 { return binary.NativeEndian.Uint32(m.Data[at:]) }

// number returns data that is a byte on some systems and an int on others.
func (m Message) number() (int, bool) {
	if len(m.Data) >= 4 {
		return int(int32(m.uint32(0))), true
	}
	return int(m.Data[0]), true
}
