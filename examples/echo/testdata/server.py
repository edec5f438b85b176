# An echo server in Python: one client after the other.
# Argument: an IP address, and it prints the port; or the path of a unix socket.
import socket, sys

if "/" in sys.argv[1]:
    s = socket.socket(socket.AF_UNIX)
else:
    s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
s.bind(sys.argv[1] if "/" in sys.argv[1] else (sys.argv[1], 0))
s.listen()
print("listening on", s.getsockname(), flush=True)
while True:
    c, _ = s.accept()
    while data := c.recv(65536):
        c.sendall(data)
    c.close()
