"""MikroTik routers, switches and access points with RouterOS 6 or 7."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.drivers.network import Host, Preview, Reading, Wish
from provisioner.drivers.platforms import Means
from provisioner.drivers.routeros import changes
from provisioner.drivers.routeros.session import Session
from provisioner.drivers.routeros.work import Work
from provisioner.drivers.sessions.platform import SessionPlatform
from provisioner.settings import DeviceSettings


def platform(means: Means) -> RouterOsPlatform:
    """See ``drivers.platforms``."""
    return RouterOsPlatform(means.sessions)


class RouterOsPlatform(SessionPlatform[Session, Work]):
    """See ``NetworkPlatform``. The timer bears the order's token as its name.

    What is confirmed needs no saving: a router writes every change to its flash at once.
    """

    session = Session

    def work(self, host: Host, session: Session, settings: DeviceSettings) -> Work:
        """See ``SessionPlatform``."""
        return Work(host, session, settings.command)

    def preview(self, reading: Reading, wishes: Sequence[Wish]) -> Preview:
        """See ``NetworkPlatform``."""
        return changes.preview(reading, wishes)
