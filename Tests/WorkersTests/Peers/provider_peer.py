"""Firebase, Google's token server and Twilio, for tests. Every request is checked by `jsonschema` against the vendor's own
contract; one that does not fit is answered with 400 and told.

usage: provider_peer.py CONTRACTS; prints PORT. Commands on standard input: `key PATH` (the service account's public key),
`next STATUS BODY` (the answer to the next message, instead of a success), `always STATUS BODY` (to every one; `always 0` ends it), `mute` (take the next message and cut the line),
`check fcm|twilio JSON` (validate this, print VALID or INVALID), `requests`.
"""
import base64
import json
import os
import re
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import jwt

contracts = sys.argv[1]
state = {"key": None, "always": None, "next": [], "mute": 0, "requests": [], "sms": [], "tokens": 0}
lock = threading.Lock()


def fcm_validator():
    with open(os.path.join(contracts, "fcm_v1_discovery.json")) as file:
        schemas = json.load(file)["schemas"]

    def convert(node):
        if isinstance(node, dict):
            if "$ref" in node:
                return {"$ref": "#/$defs/" + node["$ref"]}
            kept = {k: convert(v) for k, v in node.items()
                    if k in ("type", "properties", "items", "additionalProperties", "enum", "pattern")}
            if kept.get("type") == "any":
                del kept["type"]
            if "properties" in kept and "additionalProperties" not in kept:
                kept["additionalProperties"] = False
            return kept
        if isinstance(node, list):
            return [convert(v) for v in node]
        return node

    defs = {}
    for name, schema in schemas.items():
        converted = {"type": "object", "properties": {}, "additionalProperties": False}
        for field, value in schema.get("properties", {}).items():
            converted["properties"][field] = convert(value)
        defs[name] = converted
    return jsonschema.Draft202012Validator({"$ref": "#/$defs/SendMessageRequest", "$defs": defs})


def twilio_validator():
    with open(os.path.join(contracts, "twilio_messages.json")) as file:
        contract = json.load(file)
    text = json.dumps(contract["schemas"]).replace("#/components/schemas/", "#/$defs/")
    form = contract["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    schema = json.loads(json.dumps(form).replace("#/components/schemas/", "#/$defs/"))
    schema["additionalProperties"] = False
    schema["$defs"] = json.loads(text)
    return jsonschema.Draft202012Validator(schema), schema["properties"]


fcm = fcm_validator()
twilio, twilio_fields = twilio_validator()


def typed(form):
    """Form fields are texts; those that the contract has as numbers are read as such."""
    out = {}
    for name, value in form:
        kind = twilio_fields.get(name, {}).get("type")
        out[name] = int(value) if kind == "integer" and re.fullmatch("-?[0-9]+", value) else value
    return out


def faults(validator, document):
    return [error.message[:200] for error in validator.iter_errors(document)]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, document, headers=()):
        body = document.encode() if isinstance(document, str) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        query = dict(parse_qsl(urlsplit(self.path).query))
        with lock:
            found = [m for m in state["sms"] if m["to"] == query.get("To")]
        self.answer(200, {"messages": found, "page": 0})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = urlsplit(self.path).path
        if path == "/token":
            return self.token(dict(parse_qsl(body.decode())))
        problems = self.check(path, body)
        with lock:
            state["requests"].append({"path": path, "problems": problems})
            muted, state["mute"] = state["mute"], 0
            scripted = state["always"]
            if state["next"] and not muted:
                scripted = state["next"].pop(0)
            if path.endswith("Messages.json") and not problems and scripted is None:
                form = dict(parse_qsl(body.decode()))
                number = len(state["sms"]) + 1
                state["sms"].append({"to": form["To"], "body": form["Body"], "sid": f"SM{number:032x}"})
        if muted:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return None
        if problems:
            return self.answer(400, {"problems": problems})
        if scripted:
            return self.answer(scripted[0], scripted[1], scripted[2])
        if path.endswith("messages:send"):
            return self.answer(200, {"name": f"projects/test/messages/{time.time_ns()}"})
        with lock:
            return self.answer(201, {"sid": state["sms"][-1]["sid"], "status": "queued"})

    def check(self, path, body):
        if path == "/v1/projects/checkin-test/messages:send":
            found = faults(fcm, json.loads(body))
            if self.headers.get("authorization") != "Bearer access-1":
                found.append("authorization")
            return found
        if re.fullmatch(r"/2010-04-01/Accounts/AC[0-9a-f]{32}/Messages.json", path):
            found = faults(twilio, typed(parse_qsl(body.decode(), keep_blank_values=True)))
            login = base64.b64decode(self.headers.get("authorization", "Basic ").split()[1]).decode()
            if login != f"AC{'a' * 32}:test-token":
                found.append("authorization")
            return found
        return [f"path {path}"]

    def token(self, form):
        try:
            claims = jwt.decode(form["assertion"], state["key"], algorithms=["RS256"],
                                audience=f"http://127.0.0.1:{self.server.server_address[1]}/token")
            if form["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer":
                raise ValueError("grant_type")
            if claims["scope"] != "https://www.googleapis.com/auth/firebase.messaging" or claims["exp"] - claims["iat"] > 3600:
                raise ValueError("claims")
        except Exception as error:  # noqa: BLE001
            return self.answer(400, {"error": "invalid_grant", "error_description": repr(error)})
        with lock:
            state["tokens"] += 1
        return self.answer(200, {"access_token": "access-1", "expires_in": 3599, "token_type": "Bearer"})


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print("PORT", server.server_address[1], flush=True)
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    with lock:
        if word == "key":
            with open(rest) as file:
                state["key"] = file.read()
        elif word == "next":
            status, _, body = rest.partition(" ")
            headers = [("retry-after", "7")] if status == "429" else []
            state["next"].append((int(status), body, headers))
        elif word == "always":
            status, _, body = rest.partition(" ")
            state["always"] = (int(status), body, []) if int(status) else None
        elif word == "mute":
            state["mute"] = 1
        elif word == "requests":
            print("REQUESTS", json.dumps({"requests": state["requests"], "tokens": state["tokens"]}), flush=True)
            continue
        elif word == "check":
            which, _, text = rest.partition(" ")
            found = faults(fcm if which == "fcm" else twilio, json.loads(text))
            print("CHECK", "INVALID" if found else "VALID", flush=True)
            continue
    print("DONE", word, flush=True)
