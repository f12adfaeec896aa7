"""Passwords as argon2id hashes, with the same work for names that nobody has."""

from __future__ import annotations

import secrets
from functools import cache

from pwdlib import PasswordHash

_hasher = PasswordHash.recommended()


def hash_password(password: str) -> str:
    """An argon2id hash, with salt and parameters inside."""
    return _hasher.hash(password)


def check_password(password: str, hashed: str | None) -> bool:
    """Whether the password is the one; without a hash it takes as long and says no."""
    decoy = _decoy()  # made before either way, so that its first making tells nothing
    return _hasher.verify(password, hashed or decoy) and hashed is not None


@cache
def _decoy() -> str:
    return _hasher.hash(secrets.token_hex(16))
