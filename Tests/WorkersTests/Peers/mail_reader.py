"""Reads every mail of a folder with Python's own parser. Prints PORT 0, then MAIL with JSON per file, then END."""
import email
import email.policy
import email.utils
import json
import os
import sys


def addresses(message, name):
    header = message[name]
    return [[a.display_name, a.addr_spec] for a in header.addresses] if header else []


def defects(message):
    found = [repr(d) for part in message.walk() for d in part.defects]
    for part in message.walk():
        for name, value in part.items():
            found += [f"{name}: {d!r}" for d in getattr(value, "defects", ())]
    return found


def content(message, kind):
    part = message.get_body((kind,))
    return part.get_content() if part else None


print("PORT 0", flush=True)
folder = sys.argv[1]
for name in sorted(os.listdir(folder)):
    with open(os.path.join(folder, name), "rb") as file:
        raw = file.read()
    message = email.message_from_bytes(raw, policy=email.policy.default)
    own = raw.split(b"Date: ", 1)[1]
    print("MAIL", json.dumps({
        "file": name, "defects": defects(message), "subject": message["Subject"],
        "message_id": message["Message-ID"], "from": addresses(message, "From"), "to": addresses(message, "To"),
        "reply_to": addresses(message, "Reply-To"), "text": content(message, "plain"),
        "html": content(message, "html"), "headers": [[k, str(v)] for k, v in message.items()],
        "timestamp": int(email.utils.parsedate_to_datetime(str(message["Date"])).timestamp()),
        "parts": [part.get_content_type() for part in message.walk()],
        "longest_line": max(len(line.rstrip(b"\r\n")) for line in own.split(b"\n")),
    }), flush=True)
print("END", flush=True)
