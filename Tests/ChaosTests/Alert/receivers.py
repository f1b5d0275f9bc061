"""An HTTP server and an SMTP server that write down what they are told, one JSON object a line."""

import email
import http.server
import json
import sys

from aiosmtpd.controller import Controller


def note(kind, content):
    print(json.dumps({"kind": kind, "content": content}), flush=True)


class Web(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        note(self.path, body)
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_):
        pass


class Mail:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content)
        text = message.get_payload(decode=True).decode()
        note("mail", {"to": envelope.rcpt_tos, "subject": message["Subject"], "text": text})
        return "250 OK"


Controller(Mail(), hostname="127.0.0.1", port=int(sys.argv[2])).start()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Web).serve_forever()
