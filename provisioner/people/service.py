"""Accounts, departments, sign-in, sessions and tokens; each call is one transaction of its own."""

from __future__ import annotations

from provisioner.people.accounts import Accounts
from provisioner.people.rules import Actor
from provisioner.people.signing_in import TRIES_PER_ADDRESS, TRIES_PER_NAME, SigningIn
from provisioner.people.subject import Terms
from provisioner.people.tokens import TOKEN_PREFIX, Tokens

__all__ = [
    "TOKEN_PREFIX", "TRIES_PER_ADDRESS", "TRIES_PER_NAME", "Actor", "PeopleService", "Terms",
]  # fmt: skip


class PeopleService(Accounts, SigningIn, Tokens):
    """Who has an account, and who is asking."""
