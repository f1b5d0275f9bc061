"""A mail server that stops in the middle of its first dialogue. Prints PORT; then DATA or BODY when it stops.

usage: stalling_peer.py data|body|idle; stops before 354, or after it without reading, or after the first mail. A line on
standard input lets it go on: it reads to the end of the connection and prints ENDED cut|whole, or says 421, hangs up and
prints CLOSED. Later connections are served to the end and print SERVED.
"""
import os
import socket
import sys
import threading

mode = sys.argv[1]
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
listener.bind(("127.0.0.1", 0))
listener.listen(10)
go_on = threading.Event()


def serve(connection, stalls):
    lines = connection.makefile("rb")
    connection.sendall(b"220 peer\r\n")
    for line in lines:
        verb = line[:4].upper()
        if verb == b"QUIT":
            connection.sendall(b"221 bye\r\n")
            break
        if verb != b"DATA":
            connection.sendall(b"250 ok\r\n")
            continue
        if stalls and mode == "data":
            print("DATA", flush=True)
            go_on.wait()
        try:
            connection.sendall(b"354 go\r\n")
        except OSError:
            pass
        if stalls and mode == "body":
            print("BODY", flush=True)
            go_on.wait()
        if stalls and mode != "idle":
            received = b""
            try:
                while chunk := lines.read1(65536):
                    received = (received + chunk)[-65536:]
            except OSError:
                pass
            print("ENDED", "whole" if b"\r\n.\r\n" in received else "cut", flush=True)
            break
        for body in lines:
            if body == b".\r\n":
                break
        connection.sendall(b"250 taken\r\n")
        print("SERVED", flush=True)
        if stalls:
            go_on.wait()
            connection.sendall(b"421 4.4.2 idle for too long\r\n")
            connection.shutdown(socket.SHUT_RDWR)
            print("CLOSED", flush=True)
            break
    connection.close()


def accept():
    stalls = True
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, stalls), daemon=True).start()
        stalls = False


print("PORT", listener.getsockname()[1], flush=True)
threading.Thread(target=accept, daemon=True).start()
while sys.stdin.readline():
    go_on.set()
os._exit(0)
