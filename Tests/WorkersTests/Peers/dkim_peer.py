"""Verifies the DKIM signature of a mail with dkimpy. usage: dkim_peer.py MAIL PUBLIC_KEY_PEM SELECTOR DOMAIN"""
import base64
import sys

import dkim
from cryptography.hazmat.primitives import serialization

with open(sys.argv[1], "rb") as file:
    mail = file.read()
with open(sys.argv[2], "rb") as file:
    key = serialization.load_pem_public_key(file.read())
der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)


def dns(name, timeout=5):
    return record if name.decode().rstrip(".") == f"{sys.argv[3]}._domainkey.{sys.argv[4]}" else None


print("PORT 0", flush=True)
verifier = dkim.DKIM(mail)
valid = verifier.verify(dnsfunc=dns)
signed = {name.decode().lower() for name, _ in verifier.signed_headers}
print("VALID" if valid else "INVALID", " ".join(sorted(signed)), flush=True)
tampered = dkim.DKIM(mail.replace(b"ana@example.com", b"eva@example.com")).verify(dnsfunc=dns)
print("TAMPERED", "VALID" if tampered else "INVALID", flush=True)
