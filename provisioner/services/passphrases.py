"""Passphrases of wireless networks: which are possible, and making one that people can type."""

from __future__ import annotations

import re
import secrets

_POSSIBLE = re.compile(r"[\x20-\x7e]{8,63}")
_LETTERS = "abcdefghjkmnpqrstuvwxyz"
_DIGITS = "23456789"
_GROUPS, _LENGTH = 4, 3


def is_passphrase(text: str) -> bool:
    """Whether WPA takes it: 8 to 63 printable ASCII characters (IEEE 802.11, annex J)."""
    return _POSSIBLE.fullmatch(text) is not None


def generate_passphrase() -> str:
    """A new passphrase such as ``hkw-4trp-mzd-7xqc``, about 60 bits strong.

    Small letters and digits that nobody mistakes for each other, in groups that are easy to read
    aloud and to type on a telephone.
    """
    groups = []
    for group in range(_GROUPS):
        letters = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        groups.append(secrets.choice(_DIGITS) + letters if group % 2 else letters)
    return "-".join(groups)
