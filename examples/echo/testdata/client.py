# An echo client in Python: sends stdin, half-closes, prints what comes back.
# Arguments: host port, or the path of a unix socket.
import socket, sys, threading

if len(sys.argv) == 2:
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
else:
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])))

def send():
    s.sendall(sys.stdin.buffer.read())
    s.shutdown(socket.SHUT_WR)

threading.Thread(target=send).start()
while data := s.recv(65536):
    sys.stdout.buffer.write(data)
