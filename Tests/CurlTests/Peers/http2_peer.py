"""Puts nghttpx (TLS, HTTP/2) in front of http_peer.py.

usage: http2_peer.py FOLDER; prints PORT; FOLDER receives ca.pem. Ends when its standard input closes.
"""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

proxy = shutil.which("nghttpx") or shutil.which("nghttpx", path="/usr/sbin:/usr/local/sbin")
if not proxy:
    sys.exit("nghttpx is missing: apt-get install nghttp2-proxy")

folder = sys.argv[1]
certificate, key = os.path.join(folder, "ca.pem"), os.path.join(folder, "key.pem")
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
     "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
     "-keyout", key, "-out", certificate],
    check=True, stderr=subprocess.DEVNULL)


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


backend = subprocess.Popen(
    [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "http_peer.py")],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=die_with_parent)
backend_port = int(backend.stdout.readline().split()[1])
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
front = subprocess.Popen(
    [proxy, "--single-process", "--single-thread", f"-f127.0.0.1,{port}", f"-b127.0.0.1,{backend_port}",
     "--errorlog-file=/dev/null", "--conf=/dev/null", key, certificate],
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
for _ in range(500):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        break
    except OSError:
        if front.poll() is not None:
            sys.exit(f"nghttpx ended with {front.returncode}")
        time.sleep(0.01)
print("PORT", port, flush=True)
sys.stdin.read()
front.kill()
backend.kill()
