"""The webhook's own certificate authority and certificate: how they are made, renewed and loaded without a restart.

Replicas share them through one Secret. A new authority is first written into the webhook configuration, beside the old one,
and signs only once it is trusted there. So the API server never meets a certificate that it does not trust. Nothing here
talks to the cluster: `certificate_rotation` does.
"""

from __future__ import annotations

import datetime as dt
import os
import ssl
from collections.abc import Sequence
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sidecar.errors import SidecarError

AUTHORITY_DAYS = 365.0
LEAF_DAYS = 30.0
_RENEW_AT = 2 / 3
"""Share of its lifetime after which a certificate is replaced."""
_CLOCK_SKEW = dt.timedelta(minutes=5)
"""Certificates are valid from this much earlier on, since the clocks of a cluster differ."""

Key = ec.EllipticCurvePrivateKey


class CertificateError(SidecarError):
    """A certificate or key that cannot be used."""


class Pair(NamedTuple):
    """A certificate and its key, as PEM."""

    certificate: bytes
    key: bytes


class CertificateState(NamedTuple):
    """Content of the Secret, all of it PEM."""

    bundle: bytes
    """Authorities to trust; the first one signs."""
    authority_key: bytes
    leaf: Pair


def advance(state: CertificateState | None, names: Sequence[str], trusted: bytes, now: dt.datetime) -> CertificateState:
    """The next state: the given one, unless something in it is missing, damaged or due for renewal.

    `names` are the DNS names to serve, `trusted` the authorities (PEM) that the API server trusts by now. A new authority signs
    only when it is among these, so call again after the bundle was written there.
    """
    try:
        bundle, authority_key = _authorities(state, now)
    except ValueError:  # whatever is in the Secret, it was not written by us
        state = None
        bundle, authority_key = _authorities(None, now)
    signer = bundle[0]
    leaf = None if state is None else state.leaf
    waiting = signer not in _certificates(trusted)
    if leaf is None or not _usable(leaf, bundle, names, now) or (not waiting and _aged(leaf, signer, now)):
        leaf = _make_leaf(signer, authority_key, names, now)
    return CertificateState(b"".join(map(_pem, bundle)), _key_pem(authority_key), leaf)


def expiry(pem: bytes) -> float:
    """Unix time at which the first certificate (PEM) expires. Raises CertificateError if there is none."""
    found = _certificates(pem)
    if not found:
        raise CertificateError("there is no certificate in it")
    return found[0].not_valid_after_utc.timestamp()


def trusts(bundle: bytes, certificate: bytes) -> bool:
    """Whether one of the authorities signed the certificate, both PEM."""
    found = _certificates(certificate)
    return bool(found) and any(_signed(found[0], one) for one in _certificates(bundle))


def make_context() -> ssl.SSLContext:
    """TLS settings of the server, without a certificate yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def use(context: ssl.SSLContext, pair: Pair) -> None:
    """Serve this certificate from the next handshake on. Raises CertificateError, and then the old one is still served."""
    _load(make_context(), pair)
    _load(context, pair)


def _load(context: ssl.SSLContext, pair: Pair) -> None:
    """`ssl` loads files only, so it gets an anonymous one in memory: a key must not be written to disk."""
    descriptor = os.memfd_create("certificate", os.MFD_CLOEXEC)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(pair.certificate.rstrip() + b"\n" + pair.key)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password=lambda: b"")
    except (OSError, ValueError) as error:  # SSLError is an OSError
        raise CertificateError(f"certificate and key cannot be used: {error}") from error
    finally:
        os.close(descriptor)


def _authorities(state: CertificateState | None, now: dt.datetime) -> tuple[list[x509.Certificate], Key]:
    """Authorities to trust, the signing one first, and its key; a new one if there is none or it is due for renewal."""
    known = [] if state is None else [one for one in x509.load_pem_x509_certificates(state.bundle) if _alive(one, now)]
    if state is not None and known and not _old(known[0], now):
        key = _read_key(state.authority_key)
        if key.public_key() == known[0].public_key():
            return known, key
    key = ec.generate_private_key(ec.SECP256R1())
    return [_make_authority(key, now), *known], key


def _usable(leaf: Pair, bundle: Sequence[x509.Certificate], names: Sequence[str], now: dt.datetime) -> bool:
    """Whether a leaf can be served at all: key, names, dates and signature fit."""
    try:
        certificate = _certificates(leaf.certificate)[0]
        matches = _read_key(leaf.key).public_key() == certificate.public_key()
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, IndexError, x509.ExtensionNotFound):
        return False
    named = set(names) <= set(alternative.get_values_for_type(x509.DNSName))
    return matches and named and _alive(certificate, now) and any(_signed(certificate, one) for one in bundle)


def _aged(leaf: Pair, signer: x509.Certificate, now: dt.datetime) -> bool:
    certificate = _certificates(leaf.certificate)[0]
    return _old(certificate, now) or not _signed(certificate, signer)


def _make_authority(key: Key, now: dt.datetime) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"drift-sidecar {now:%Y-%m-%d %H:%M:%S}")])
    builder = _builder(subject, subject, key, now, AUTHORITY_DAYS)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)  # signs only
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())


def _make_leaf(signer: x509.Certificate, signing_key: Key, names: Sequence[str], now: dt.datetime) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "drift-sidecar webhook")])
    builder = _builder(subject, signer.subject, key, now, LEAF_DAYS)
    for extension, critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), False),
    ):
        builder = builder.add_extension(extension, critical=critical)
    return Pair(_pem(builder.sign(signing_key, hashes.SHA256())), _key_pem(key))


def _builder(subject: x509.Name, issuer: x509.Name, key: Key, now: dt.datetime, days: float) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _alive(certificate: x509.Certificate, now: dt.datetime) -> bool:
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc


def _old(certificate: x509.Certificate, now: dt.datetime) -> bool:
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return now >= certificate.not_valid_before_utc + life * _RENEW_AT


def _signed(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except Exception:  # noqa: BLE001  # it raises several, for a wrong name, key type or signature: all mean no
        return False
    return True


def _certificates(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        return []


def _read_key(pem: bytes) -> Key:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise ValueError("the key has a password") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the key is not one of ours")
    return key


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: Key) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption())
