"""Linux hosts: VLAN-aware bridges and Open vSwitch, routers, access points."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.drivers.linux import changes
from provisioner.drivers.linux.session import Session
from provisioner.drivers.linux.work import Work
from provisioner.drivers.network import Host, Preview, Reading, Wish
from provisioner.drivers.platforms import Means
from provisioner.drivers.sessions.platform import SessionPlatform
from provisioner.settings import DeviceSettings


def platform(means: Means) -> LinuxPlatform:
    """See ``drivers.platforms``."""
    return LinuxPlatform(means.sessions)


class LinuxPlatform(SessionPlatform[Session, Work]):
    """See ``NetworkPlatform``. What a change writes is tried before anything of it is in force; the
    timer of a host is a copy that is put back by a process of its own, or at boot.
    """

    session = Session

    def work(self, host: Host, session: Session, settings: DeviceSettings) -> Work:
        """See ``SessionPlatform``."""
        return Work(host, session, settings.minute)

    def preview(self, reading: Reading, wishes: Sequence[Wish]) -> Preview:
        """See ``NetworkPlatform``."""
        return changes.preview(reading, wishes)
