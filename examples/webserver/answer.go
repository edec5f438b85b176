package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/program"
)

// An answer is the status, the header fields, and the body.
type answer struct {
	status int
	kind   string   // Content-Type
	more   []string // other fields
	body   []byte
	file   *os.File // instead of body
	size   int64    // length of the file
}

// reasons are the texts after the number of a status. They are for people; programs use
// the number.
var reasons = map[int]string{
	200: "OK", 301: "Moved Permanently",
	400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout",
	411: "Length Required", 413: "Content Too Large", 414: "URI Too Long", 431: "Request Header Fields Too Large",
	501: "Not Implemented", 503: "Service Unavailable", 505: "HTTP Version Not Supported",
}

// refused is an answer without a body.
func refused(no refusal) answer {
	text := []byte(no.Error() + "\n")
	a := answer{status: int(no), kind: "text/plain; charset=utf-8", body: text, size: int64(len(text))}
	if no == 405 {
		a.more = []string{"Allow: GET, HEAD"}
	}
	return a
}

func (a answer) summary() string {
	return fmt.Sprintf("%d %s, %d bytes", a.status, reasons[a.status], a.size)
}

func (a answer) close() {
	if a.file != nil {
		a.file.Close()
	}
}

// header returns the head of an answer. Content-Length gives the end of the body; without
// it only the end of the connection would.
func (a answer) header(keep bool) []byte {
	var h bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&h, format+"\r\n", args...) }
	line("HTTP/1.1 %d %s", a.status, reasons[a.status])
	line("Date: %s", program.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"))
	line("Content-Type: %s", a.kind)
	line("Content-Length: %d", a.size)
	for _, f := range a.more {
		line("%s", f)
	}
	line("X-Content-Type-Options: nosniff") // browsers must believe Content-Type
	if keep {
		line("Connection: keep-alive")
	} else {
		line("Connection: close")
	}
	line("")
	return h.Bytes()
}

// chunk is the amount that a client must receive within the time limit. Otherwise a
// client that receives nothing, or a byte now and then, would hold the file open without
// end.
const chunk = 128 << 10

// send sends an answer. For HEAD it leaves the body out.
func (c *client) send(a answer, headOnly, keep bool) error {
	c.hurry()
	if _, err := c.socket.Write(a.header(keep)); err != nil || headOnly {
		return err
	}
	for left := a.size; left > 0; {
		n := min(left, chunk)
		c.hurry()
		if a.file == nil {
			if _, err := c.socket.Write(a.body[:n]); err != nil {
				return err
			}
			a.body = a.body[n:]
		} else {
			// The kernel sends the file itself, if it can: sendfile(2).
			sent, err := c.socket.ReadFrom(&io.LimitedReader{R: a.file, N: n})
			if err != nil {
				return err
			}
			if sent < n {
				return io.ErrUnexpectedEOF // the file has become shorter than the header says
			}
		}
		left -= n
	}
	return nil
}

func (c *client) hurry() { c.socket.SetWriteDeadline(time.Now().Add(c.server.patience)) }
