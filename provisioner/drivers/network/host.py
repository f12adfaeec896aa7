"""One network device of the inventory, and how it is reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

DeadMan = Literal["required", "best_effort"]


@dataclass(frozen=True)
class Host:
    """One device of the inventory; secrets never show in its repr."""

    name: str
    platform: str
    groups: frozenset[str]
    address: str
    port: int
    user: str
    site: str | None = None
    dead_man: DeadMan = "required"
    legacy_crypto: bool = False
    aaa: str | None = None
    """The login domain that caps connections."""
    password: str | None = field(default=None, repr=False)
    private_key_file: str | None = None
    """None, and no password: the office's own identity."""
    become_password: str | None = field(default=None, repr=False)
    probe_interface: str | None = None
    """Of a probe: the interface by which it uses the network, wireless or wired."""
