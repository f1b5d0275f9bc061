"""moto's server in its verifying mode: a user who may send mails and publish to SNS, and another who may not.

usage: moto_peer.py; prints PORT, then USER and STRANGER with JSON (access_key_id, secret). `sent` on standard input prints
what SES and SNS have taken.
"""
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


# Unsigned calls until the users are there: three for each, and one that verifies the sender.
server = subprocess.Popen(
    [os.path.join(os.path.dirname(sys.executable), "moto_server"), "-H", "127.0.0.1", "-p", str(port)],
    env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "7"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    preexec_fn=die_with_parent)
base = f"http://127.0.0.1:{port}"
for _ in range(3000):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        break
    except OSError:
        if server.poll() is not None:
            sys.exit(f"moto ended with {server.returncode}")
        time.sleep(0.01)


def call(service, **form):
    request = urllib.request.Request(
        base + "/", urllib.parse.urlencode(form).encode(),
        {"Authorization": f"AWS4-HMAC-SHA256 Credential=x/20261127/us-east-1/{service}/aws4_request",
         "Content-Type": "application/x-www-form-urlencoded"})
    return urllib.request.urlopen(request).read().decode()


def element(text, name):
    return text.split(f"<{name}>")[1].split(f"</{name}>")[0]


print("PORT", port, flush=True)
for word, user, actions in (("USER", "mailer", ["ses:*", "sns:*"]), ("STRANGER", "stranger", ["sqs:*"])):
    call("iam", Action="CreateUser", UserName=user, Version="2010-05-08")
    answer = call("iam", Action="CreateAccessKey", UserName=user, Version="2010-05-08")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    call("iam", Action="PutUserPolicy", UserName=user, PolicyName="p", PolicyDocument=json.dumps(policy),
         Version="2010-05-08")
    print(word, json.dumps({"access_key_id": element(answer, "AccessKeyId"), "secret": element(answer, "SecretAccessKey")}),
          flush=True)
call("ses", Action="VerifyEmailIdentity", EmailAddress="no-reply@checkin.example", Version="2010-12-01")
print("READY -", flush=True)
for line in sys.stdin:
    data = json.loads(urllib.request.urlopen(base + "/moto-api/data.json").read())
    ses = data.get("ses", {})
    mails = [str(m) for m in ses.get("Message", []) + ses.get("RawMessage", [])]
    print("SENT", json.dumps({"mails": len(mails), "kinds": sorted(ses)}), flush=True)
server.kill()
