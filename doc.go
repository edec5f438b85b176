// Package sock is every call of Berkeley sockets, one thin layer over the
// kernel.
package sock
