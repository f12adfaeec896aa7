"""Sentences for events that no timeline of a request tells: people, tokens, keys, the record."""

from __future__ import annotations

from provisioner.texts import Message, say

SENTENCES: dict[str, Message] = {
    "person:added": say("Account added"),
    "person:changed": say("Account changed"),
    "person:closed": say("Account closed"),
    "person:opened": say("Account opened again"),
    "person:invited": say("Invitation made"),
    "person:password-set": say("Password set"),
    "person:signed-in": say("Signed in"),
    "person:signed-out": say("Signed out"),
    "person:sign-in-failed": say("Sign-in refused: wrong name or password"),
    "person:sign-in-limited": say("Sign-in refused: too many tries"),
    "person:code-failed": say("Sign-in refused: wrong one-time code"),
    "person:codes-added": say("One-time codes set up"),
    "person:codes-ended": say("One-time codes switched off"),
    "person:recovery-renewed": say("Recovery codes made anew"),
    "person:recovery-used": say("Recovery code used"),
    "person:channel-set": say("Channel for notices set"),
    "person:channel-removed": say("Channel for notices removed"),
    "person:sessions-ended": say("Sessions ended"),
    "token:created": say("API token made"),
    "token:revoked": say("API token revoked"),
    "department:named": say("Department named"),
    "secrets:rotated": say("Encryption key changed"),
    "audit:verified": say("Chain of events verified"),
}
