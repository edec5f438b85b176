// Package interop has only tests. They use package sock with other libraries and programs:
// golang.org/x/net/nettest tests our connections, quic-go, HTTP/3 and SSH run over them, curl
// is a client, and systemd and Python pass sockets in both directions. It is a separate
// module, so that a program that imports sock does not download these libraries.
package interop
