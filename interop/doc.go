// Package interop has no code, only tests: they show package sock at work with
// other people's libraries and programs. golang.org/x/net/nettest judges our
// connections, quic-go, HTTP/3 and SSH run over them, curl is served by them, and
// systemd and Python hand sockets to us and take ours. It is a module of its own,
// so that a program that imports sock downloads none of these.
package interop
