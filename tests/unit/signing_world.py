"""Certificates and signatures of the tests' own making, on letters as the program prints them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.keys.pemder import load_private_key_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Holder:
    """Somebody with a certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


def holder(
    name: str, issuer: Holder | None = None, *, days: tuple[int, int] = (-30, 365)
) -> Holder:
    """A person's certificate, issued by ``issuer`` or by itself, valid between these days."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    by = issuer.certificate.subject if issuer else subject
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only"), False,
    )  # fmt: skip
    authority = name.startswith("Otoritas")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + days[0] * _DAY)
        .not_valid_after(now + days[1] * _DAY)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, content_commitment=True, key_cert_sign=authority,
                crl_sign=authority, **usage,
            ), critical=True,
        )
        .sign(issuer.key if issuer else key, hashes.SHA256())
    )  # fmt: skip
    return Holder(certificate, key)


@cache
def authority() -> Holder:
    """The certification authority of the tests."""
    return holder("Otoritas Uji", days=(-300, 3650))


def sign(pdf: bytes, by: Holder, field: str = "Signature1") -> bytes:
    """The PDF with that person's signature behind it, as signing services do it."""
    key = by.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signer = signers.SimpleSigner(
        signing_cert=next(iter(load_certs_from_pemder_data(by.pem.encode()))),
        signing_key=load_private_key_from_pemder_data(key, None),
        cert_registry=SimpleCertificateStore(),
    )
    out = BytesIO()
    with ThreadPoolExecutor(1) as apart:  # it runs a loop of its own, as does a test's browser
        apart.submit(
            signers.sign_pdf,
            IncrementalPdfFileWriter(BytesIO(pdf)),
            PdfSignatureMetadata(field_name=field),
            signer=signer,
            output=out,
        ).result()
    return out.getvalue()
