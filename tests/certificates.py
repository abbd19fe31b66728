"""Certificates for TLS on loopback: an authority of our own, and what it issues, good and bad."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAMES = ("localhost", "127.0.0.1", "*.us-east-2.aws.neon.tech")
"""What a server of the tests may be called; the last stands for Neon."""

NOW_AND_A_MONTH = (-1, 30)
EXPIRED = (-10, -2)
NOT_YET = (2, 30)


@dataclass(frozen=True)
class Authority:
    """Signs certificates; its own is in `ca_file`."""

    ca_file: Path
    key: EllipticCurvePrivateKey
    name: x509.Name

    @classmethod
    def found(cls, ca_file: Path, common: str = "neontodo test authority") -> Authority:
        """Make an authority and write its certificate."""
        authority = cls(ca_file, generate_private_key(SECP256R1()), _name(common))
        certificate = (
            authority._builder(authority.name, authority.key, NOW_AND_A_MONTH)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_signs_certificates(), critical=True)
            .sign(authority.key, hashes.SHA256())
        )
        ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return authority

    def issue(
        self,
        cert_file: Path,
        key_file: Path,
        names: tuple[str, ...] = NAMES,
        days: tuple[int, int] = NOW_AND_A_MONTH,
        usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    ) -> None:
        """Write a server's certificate and private key; it is valid between two days from now."""
        key = generate_private_key(SECP256R1())
        certificate = (
            self._builder(_name(names[0]), key, days)
            .add_extension(x509.SubjectAlternativeName(map(_alternative, names)), critical=False)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.touch(mode=0o600)
        key_file.write_bytes(_pem(key))

    def _builder(
        self, subject: x509.Name, key: EllipticCurvePrivateKey, days: tuple[int, int]
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        # Python 3.13 and later refuse certificates without these two identifiers.
        ours = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return (
            x509.CertificateBuilder(subject_name=subject, issuer_name=self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(ours, critical=False)
            .add_extension(theirs, critical=False)
        )


def write_certificates(ca_file: Path, cert_file: Path, key_file: Path) -> None:
    """Write an authority, and the certificate that it gave to the tests' server."""
    Authority.found(ca_file).issue(cert_file, key_file)


def write_self_signed(cert_file: Path, key_file: Path) -> None:
    """Write a server's certificate that nobody but itself vouches for."""
    key, name = generate_private_key(SECP256R1()), _name(NAMES[0])
    certificate = (
        Authority(cert_file, key, name)
        ._builder(name, key, NOW_AND_A_MONTH)
        .add_extension(x509.SubjectAlternativeName(map(_alternative, NAMES)), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(_pem(key))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternative(name: str) -> x509.GeneralName:
    if name.replace(".", "").isdigit():
        return x509.IPAddress(IPv4Address(name))
    return x509.DNSName(name)


def _signs_certificates() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
