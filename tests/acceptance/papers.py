"""What a department hands in: a request's body, a letter, keys, and files that are none."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Callable
from typing import Any

import pikepdf
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

_names = (f"terima-{n}" for n in itertools.count(1))
APPLICANT = {
    "name": "Sari Wulandari",
    "position": "Kepala Subbagian Umum",
    "phone": "0281 891010",
    "email": "sari@dinkes.example.id",
}
LETTER = {
    "kind": "signed",
    "number": "045/112/2026",
    "date": "2026-11-20",
    "signatory": {"name": "dr. Jusi Febrianto", "position": "Kepala Dinas Kesehatan"},
}


def key_pair() -> tuple[str, str]:
    """A private key in OpenSSH's form and its public line."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return private.decode(), public.decode()


PRIVATE_KEY, PUBLIC_KEY = key_pair()


def details(**changes: Any) -> dict[str, Any]:
    """Answers that hold; each time another host name."""
    sound = {
        "hostname": next(_names),
        "purpose": "Aplikasi informasi puskesmas",
        "size": "small",
        "image": "debian-13",
        "network": "server-opd",
        "ssh_keys": [PUBLIC_KEY],
        "admin_user": "dinkes",
        "open_ports": [{"port": 443, "protocol": "tcp"}],
    }
    return sound | changes


def new_request(department: str = "dinkes", **changes: Any) -> dict[str, Any]:
    return {
        "service": "cloud_vps",
        "department": department,
        "applicant": APPLICANT,
        "letter": LETTER,
        "details": details(**changes),
    }


def letter(change: Callable[[pikepdf.Pdf], object] | None = None, **saving: Any) -> bytes:
    """A PDF of one empty page."""
    file = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        if change:
            change(pdf)
        pdf.save(file, **saving)
    return file.getvalue()


def letter_with_script() -> bytes:
    def add(pdf: pikepdf.Pdf) -> None:
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")

    return letter(add)


def encrypted_letter() -> bytes:
    return letter(encryption=pikepdf.Encryption(owner="a", user="b"))


def zip_file() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("surat.pdf", letter())
    return file.getvalue()
