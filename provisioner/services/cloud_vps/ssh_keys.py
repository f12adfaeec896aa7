"""Public SSH keys as people paste them: checked, and written in one canonical form."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from provisioner.catalogue.fields import FieldFault, plain_text, refuse_private_key
from provisioner.texts import say

TYPES = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
MAX_LENGTH = 8192
MAX_COMMENT = 64
RSA_BITS = range(2048, 16384 + 1)
_NOT_IN_COMMENTS = re.compile(r"[^A-Za-z0-9@._+=:, -]+")


def public_key(value: object) -> str:
    """``type base64 comment``: the key of one pasted line, the comment reduced to safe letters.

    Raises FieldFault for anything else: private keys, options in front, certificates, DSA, RSA
    below 2048 bits, several lines.
    """
    if not isinstance(value, str):
        raise FieldFault(say("must be a text"))
    refuse_private_key(value)
    if len(value) > MAX_LENGTH:
        raise FieldFault(say("may have at most %(limit)s characters", limit=MAX_LENGTH))
    line = plain_text(value.strip(), minimum=1, maximum=MAX_LENGTH)
    kind, _, rest = line.partition(" ")
    encoded, _, comment = rest.strip(" ").partition(" ")
    _check_type(kind, line)
    blob = _blob(encoded)
    _check_strength(f"{kind} {encoded}".encode())
    safe = " ".join(_NOT_IN_COMMENTS.sub("", comment).split())[:MAX_COMMENT].strip()
    return " ".join(part for part in (kind, b64encode(blob).decode(), safe) if part)


def same_key(one: str, other: str) -> bool:
    """Whether two canonical lines hold the same key, whatever their comments."""
    return one.split(" ")[:2] == other.split(" ")[:2]


def _check_type(kind: str, line: str) -> None:
    if kind in TYPES:
        return
    if kind == "ssh-dss":
        raise FieldFault(say("DSA keys are no longer safe; make a new key of type ed25519"))
    if kind.endswith(("-cert-v01@openssh.com", "-cert-v00@openssh.com")):
        raise FieldFault(say("this is a certificate; enter the public key itself"))
    if any(word in TYPES for word in line.split()):
        raise FieldFault(
            say("options in front of the key are not allowed; the line has to begin with its type")
        )
    raise _not_a_key()


def _blob(encoded: str) -> bytes:
    try:
        return b64decode(encoded, validate=True)
    except (NotBase64, ValueError):
        raise _not_a_key() from None


def _check_strength(line: bytes) -> None:
    try:
        key = load_ssh_public_key(line)
    except (ValueError, UnsupportedAlgorithm):
        raise _not_a_key() from None
    if isinstance(key, RSAPublicKey) and key.key_size not in RSA_BITS:
        raise FieldFault(
            say(
                "this RSA key has %(bits)s bits; it needs %(least)s to %(most)s",
                bits=key.key_size,
                least=RSA_BITS[0],
                most=RSA_BITS[-1],
            )
        )
    if not isinstance(key, RSAPublicKey | Ed25519PublicKey | EllipticCurvePublicKey):
        raise _not_a_key()


def _not_a_key() -> FieldFault:
    return FieldFault(
        say(
            "is not a public SSH key; paste the one line of the file that ends in .pub, such as "
            "ssh-ed25519 AAAA… name"
        )
    )


def fingerprint(key: str) -> str:
    """The SHA-256 of a public key ``type base64 …``, as OpenSSH writes it (``SHA256:…``)."""
    digest = sha256(b64decode(key.split()[1])).digest()
    return "SHA256:" + b64encode(digest).decode().rstrip("=")
