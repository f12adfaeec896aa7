"""Cisco IOS switches and routers."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.drivers.ios import changes
from provisioner.drivers.ios.session import Session
from provisioner.drivers.ios.work import Work
from provisioner.drivers.network import Host, Preview, Reading, Wish
from provisioner.drivers.platforms import Means
from provisioner.drivers.sessions.platform import SessionPlatform
from provisioner.settings import DeviceSettings


def platform(means: Means) -> IosPlatform:
    """See ``drivers.platforms``."""
    return IosPlatform(means.sessions)


class IosPlatform(SessionPlatform[Session, Work]):
    """See ``NetworkPlatform``. IOS has no token on its timer: any that is found running before
    ours is armed counts as a stranger's, and ``revert`` takes back whatever is pending.
    """

    session = Session

    def work(self, host: Host, session: Session, settings: DeviceSettings) -> Work:
        """See ``SessionPlatform``."""
        return Work(host, session, settings.command)

    def preview(self, reading: Reading, wishes: Sequence[Wish]) -> Preview:
        """See ``NetworkPlatform``."""
        return changes.preview(reading, wishes)
