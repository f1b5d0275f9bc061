"""An APNs of the tests: nghttpx (TLS, HTTP/2, a limit of streams) before a backend that checks what Apple checks.

usage: push_peer.py FOLDER STREAMS KEYID TEAMID; prints PORT and writes ca.pem to the folder. The device token says what is
answered: its first three digits a status, the next two an index into REASONS, then `d` and two digits: answer so many tenths of
a second later. Commands on standard input: `key PATH` (public key in PEM), `goaway` (graceful stop of the front, then a new
one on the same port), `force STATUS INDEX` (every answer, whatever the token says; `force 0 0` ends it), `reach N` (tells when so many are
answered), `stats`. Prints what it was asked for.
"""
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt

REASONS = ["", "Unregistered", "TooManyRequests", "ServiceUnavailable", "BadDeviceToken", "InvalidProviderToken"]
folder, streams, key_id, team_id = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4]
certificate, key = os.path.join(folder, "ca.pem"), os.path.join(folder, "key.pem")
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
     "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
     "-keyout", key, "-out", certificate],
    check=True, stderr=subprocess.DEVNULL)
state = {"key": None, "running": 0, "most": 0, "before_first": 0, "answered": 0, "tokens": set(), "faults": [],
         "forced": (0, 0), "seen": {}}
lock = threading.Condition()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with lock:
            state["running"] += 1
            state["most"] = max(state["most"], state["running"])
            if state["answered"] == 0:
                state["before_first"] = max(state["before_first"], state["running"])
        token = self.path.rsplit("/", 1)[1]
        with lock:
            state["seen"][token] = state["seen"].get(token, 0) + 1
        faults = self.check(token, body)
        status = int(token[:3]) if token[:3].isdigit() and token[:3] != "000" else 200
        if faults:
            status = 400
        if len(token) > 8 and token[5] == "d":
            time.sleep(int(token[6:8]) / 10)
        index = int(token[3:5]) if token[3:5].isdigit() else 0
        if state["forced"][0]:
            status, index = state["forced"]
        reason = REASONS[index] if status != 200 else ""
        answer = b""
        if status != 200:
            fields = {"reason": reason or "BadMessageId"}
            if status == 410:
                fields["timestamp"] = int(time.time() * 1000)
            answer = json.dumps(fields).encode()
        with lock:
            state["faults"] += faults
            state["running"] -= 1
            state["answered"] += 1
            lock.notify_all()
        self.send_response(status)
        self.send_header("apns-id", self.headers.get("apns-id", "?"))
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def check(self, token, body):
        found = []
        authorization = self.headers.get("authorization", "")
        with lock:
            state["tokens"].add(authorization)
        try:
            bearer = authorization.removeprefix("bearer ")
            claims = jwt.decode(bearer, state["key"], algorithms=["ES256"], options={"verify_iat": True})
            if claims.get("iss") != team_id or abs(time.time() - claims["iat"]) > 3600 or set(claims) != {"iss", "iat"}:
                found.append("claims")
            if jwt.get_unverified_header(bearer).get("kid") != key_id:
                found.append("kid")
        except Exception as error:  # noqa: BLE001
            found.append(f"jwt {error!r}")
        if not self.path.startswith("/3/device/") or not all(c in "0123456789abcdef" for c in token):
            found.append("path")
        for name in ("apns-topic", "apns-push-type", "apns-priority", "apns-id"):
            if not self.headers.get(name):
                found.append(name)
        if len(self.headers.get("apns-collapse-id", "")) > 64 or len(body) > 4096:
            found.append("length")
        if "alert" not in json.loads(body)["aps"]:
            found.append("aps")
        return found


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


backend = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=backend.serve_forever, daemon=True).start()
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def start():
    proxy = shutil.which("nghttpx") or shutil.which("nghttpx", path="/usr/sbin:/usr/local/sbin")
    if not proxy:
        sys.exit("nghttpx is missing: apt-get install nghttp2-proxy")
    front = subprocess.Popen(
        [proxy, "--single-process", "--single-thread", f"-f127.0.0.1,{port}",
         f"-b127.0.0.1,{backend.server_address[1]}", f"--frontend-http2-max-concurrent-streams={streams}",
         "--errorlog-file=/dev/null", "--conf=/dev/null", key, certificate],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return front
        except OSError:
            if front.poll() is not None:
                sys.exit(f"nghttpx ended with {front.returncode}")
            time.sleep(0.01)
    sys.exit("nghttpx does not answer")


front = start()
print("PORT", port, flush=True)
for line in sys.stdin:
    words = line.split()
    if words[0] == "key":
        with open(words[1]) as file:
            state["key"] = file.read()
        print("DONE key", flush=True)
    elif words[0] == "goaway":
        # QUIT is its graceful stop: GOAWAY to everybody, what runs is answered. It stays while clients are connected.
        front.send_signal(signal.SIGQUIT)
        time.sleep(0.3)
        front.kill()
        front.wait()
        front = start()
        print("DONE goaway", flush=True)
    elif words[0] == "force":
        state["forced"] = (int(words[1]), int(words[2]))
        print("DONE force", flush=True)
    elif words[0] == "reach":
        with lock:
            lock.wait_for(lambda: state["answered"] >= int(words[1]))
        print("DONE reach", flush=True)
    elif words[0] == "stats":
        with lock:
            print("STATS", json.dumps({**{k: v for k, v in state.items() if k not in ("key", "tokens", "forced", "seen")},
                                       "tokens": len(state["tokens"]), "devices": len(state["seen"]),
                                       "repeated": sum(1 for n in state["seen"].values() if n > 1)}), flush=True)
front.kill()
