"""What a check is that proves a service."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.texts import Message


@dataclass(frozen=True)
class Check:
    """One check: its key for programs, what it shows, and what it means when it fails."""

    key: str
    title: Message
    meaning: Message
    next: Message
