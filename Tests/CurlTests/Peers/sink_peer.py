"""Runs Postfix smtp-sink on a free port with the given flags. Prints PORT once it accepts connections.

A line `stats` on standard input is answered with SESSIONS and MESSAGES; the end of standard input ends both.
"""
import ctypes
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

sink = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin:/usr/local/sbin")
if not sink:
    sys.exit("smtp-sink is missing: apt-get install postfix")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


port = free_port()
user = ["-u", "nobody"] if os.geteuid() == 0 else []
child = subprocess.Popen(
    [sink, "-c", *user, *sys.argv[1:], f"127.0.0.1:{port}", "200"],
    stdout=subprocess.PIPE, preexec_fn=die_with_parent)

for _ in range(500):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        break
    except OSError:
        if child.poll() is not None:
            sys.exit(f"smtp-sink ended with {child.returncode}")
        time.sleep(0.01)
print("PORT", port, flush=True)

counters = b""
while True:
    readable, _, _ = select.select([sys.stdin, child.stdout], [], [])
    if child.stdout in readable:
        chunk = os.read(child.stdout.fileno(), 65536)
        counters = (counters + chunk)[-4096:]
        if not chunk:
            sys.exit("smtp-sink ended")
    elif sys.stdin in readable:
        line = sys.stdin.readline()
        if not line:
            break
        found = re.findall(rb"sess=(\d+).*?quit=(\d+).*?mesg=(\d+)", counters)
        print("COUNTERS", *(b" ".join(found[-1]).decode().split() if found else ["0", "0", "0"]), flush=True)
child.kill()
