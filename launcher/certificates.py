"""``python -m launcher.certificates FOLDER``: an authority and a certificate for this machine, for the demo alone.

It runs in the environment that the demo has made, which has the library for it. What is there and good for a month more
stays, so that what trusts the authority once goes on to.
"""

import ipaddress
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_GOOD_FOR, _RENEWED_BEFORE = timedelta(days=365), timedelta(days=30)
_NAMES = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
)


def _builder(subject: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _GOOD_FOR)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def make(folder: Path) -> None:
    """Write ``authority.pem``, and ``server.pem`` with ``server.key``; the authority's key is kept nowhere."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if _is_good(folder):
        return
    issuer = "Pipes demo of this machine"
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = (
        _builder(issuer, authority_key)
        .issuer_name(_name(issuer))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    server = (
        _builder("localhost", key)
        .issuer_name(_name(issuer))
        .add_extension(x509.SubjectAlternativeName(_NAMES), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with os.fdopen(os.open(folder / "server.key", os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
        file.write(private)
    (folder / "authority.pem").write_bytes(authority.public_bytes(encoding))
    (folder / "server.pem").write_bytes(server.public_bytes(encoding))


def _is_good(folder: Path) -> bool:
    path = folder / "server.pem"
    if not path.exists() or not (folder / "server.key").exists():
        return False
    found = x509.load_pem_x509_certificate(path.read_bytes())
    return found.not_valid_after_utc > datetime.now(UTC) + _RENEWED_BEFORE


if __name__ == "__main__":
    make(Path(sys.argv[1]))
