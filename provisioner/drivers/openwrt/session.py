"""A session with an OpenWrt device: scripts over standard input, as with a Linux host."""

from __future__ import annotations

import time

from provisioner.drivers.linux import session

PACKAGE = "provisioner.drivers.openwrt"


class Session(session.Session):
    """See there; what only reads is another script."""

    reading = frozenset({(PACKAGE, "examine")})

    login_seconds = 0.0
    """How long it took to be let in."""

    def open(self) -> None:
        begun = time.monotonic()
        super().open()
        self.login_seconds = time.monotonic() - begun
