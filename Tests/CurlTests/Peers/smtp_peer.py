"""An aiosmtpd server with TLS and a login. Prints PORT; then CONNECTION per connection and MAIL with JSON per mail.

usage: smtp_peer.py FOLDER none|starttls|implicit [USER PASSWORD]
FOLDER receives ca.pem, a certificate for 127.0.0.1 and localhost that signs itself.
Recipients that start with `hard`, `soft` or `full` are answered with 550, 450 or 452.
"""
import asyncio
import base64
import json
import os
import ssl
import subprocess
import sys

try:
    from aiosmtpd.smtp import SMTP, AuthResult
except ImportError:
    sys.exit("aiosmtpd is missing: pip install aiosmtpd")

folder, mode, *login = sys.argv[1:]
certificate, key = os.path.join(folder, "ca.pem"), os.path.join(folder, "key.pem")
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
     "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
     "-keyout", key, "-out", certificate],
    check=True, stderr=subprocess.DEVNULL)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)


def tell(*words):
    print(*words, flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        for prefix, reply in (("hard", "550 5.1.1 <%s>: no such user"), ("soft", "450 4.2.1 mailbox busy"),
                              ("full", "452 4.2.2 mailbox full")):
            if address.startswith(prefix):
                return reply % address if "%s" in reply else reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "helo": session.host_name,
                "tls": session.ssl is not None, "login": session.authenticated,
                "content": base64.b64encode(envelope.content).decode()}
        tell("MAIL", json.dumps(mail))
        return "250 2.0.0 queued as 4711"


class Server(SMTP):
    def connection_made(self, transport):
        if self.transport is None:
            tell("CONNECTION")
        super().connection_made(transport)


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login.decode(), data.password.decode()) == tuple(login)
    return AuthResult(success=good, handled=True) if good else AuthResult(
        success=False, handled=False, message="535 5.7.8 Authentication credentials invalid")


def make():
    # With implicit TLS aiosmtpd does not know that the link is safe already.
    return Server(
        Handler(), hostname="peer.test", tls_context=context if mode == "starttls" else None,
        require_starttls=mode == "starttls", auth_required=bool(login), auth_require_tls=mode == "starttls",
        authenticator=authenticate if login else None)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(make, "127.0.0.1", 0, ssl=context if mode == "implicit" else None)
    tell("PORT", server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


asyncio.run(main())
