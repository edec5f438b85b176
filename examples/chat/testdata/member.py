# A member in Python: says what is on stdin, half-closes, prints what it hears.
# Arguments: host port, or the path of a unix socket.
import socket, sys

if len(sys.argv) == 2:
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
else:
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.sendall(sys.stdin.buffer.read())
s.shutdown(socket.SHUT_WR)
while data := s.recv(65536):
    sys.stdout.buffer.write(data)
