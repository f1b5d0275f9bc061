"""An HTTP/1.1 server whose paths misbehave on purpose. Prints PORT, ends when its standard input closes."""
import http.server
import json
import os
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        route, _, argument = self.path.lstrip("/").partition("/")
        if route == "status":
            self.reply(int(argument), b"status", [("Retry-After", "7")])
        elif route == "echo":
            seen = {"method": self.command, "headers": self.headers.items(), "body": body.decode("latin-1")}
            self.reply(200, json.dumps(seen).encode(), [("X-Twice", "one"), ("x-twice", " two ")])
        elif route == "redirect":
            self.reply(302, b"", [("Location", "/echo")])
        elif route == "bytes":
            self.reply(200, b"x" * int(argument))
        elif route == "chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for _ in range(int(argument)):
                self.wfile.write(b"3e8\r\n" + b"y" * 1000 + b"\r\n")
            self.wfile.write(b"0\r\nX-Trailer: late\r\n\r\n")
            self.wfile.flush()
        elif route == "headers":
            self.reply(200, b"", [("X-Filler-%d" % i, "z" * 1000) for i in range(int(argument))])
        elif route == "mute":
            print("MUTE", flush=True)
            released.wait(60)
            self.close_connection = True
        elif route == "drop":
            self.close_connection = True
        elif route == "short":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            self.close_connection = True
        elif route == "garbage":
            self.wfile.write(b"\x00\xff220 not http\r\n\r\n" * 10)
            self.close_connection = True
        else:
            self.reply(404, b"")

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

    def do_HEAD(self):
        self.reply(200, b"")

    def reply(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass


released = threading.Event()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512  # with the usual 5 a burst of connections waits for the kernel's retransmissions


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("PORT", server.server_address[1], flush=True)
sys.stdin.read()
os._exit(0)
