"""A switch or router that says what it is given to say, narrowed as IOS does, and examined."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from provisioner.drivers.network.examination import Examination, Inquiry
from provisioner.drivers.platforms.cisco_ios import IosPlatform
from provisioner.drivers.sessions.batches import Sessions
from provisioner.settings import DeviceSettings
from tests.contract.replay import Recordings, replaying

NAME = "router1"
_RECORDED_AS = {
    "show clock detail": "show clock",
    "show processes memory": "show processes memory sorted",
    "show vlan brief": "show vlan",
    "show mac address-table": "show mac-address-table",
    "show environment all": "show environment power all",
}


class Device(Recordings):
    """Of some tables there is only a recording under a name much like it."""

    def answer(self, command: str) -> str:
        base, narrowed, pattern = command.partition(" | include ")
        text = super().answer(base)
        if text == self.unknown:
            text = super().answer(_RECORDED_AS.get(base, base))
        if not narrowed or text == self.unknown:
            return text
        return "".join(row for row in text.splitlines(keepends=True) if re.search(pattern, row))


def replayed(
    recordings: Recordings, directory: Path, inquiry: Inquiry | None = None
) -> Examination:
    known = directory / "known_hosts"
    with replaying(recordings, NAME, "cisco_ios", known) as host:
        settings = DeviceSettings(connect=5, command=5)
        platform = IosPlatform(Sessions(lambda: {host.name: host}, settings, known, lambda: ""))
        found = platform.examine({NAME: inquiry or Inquiry()})[NAME]
    assert isinstance(found, Examination), found
    return found


def examined(
    directory: Path, says: Mapping[str, str], inquiry: Inquiry | None = None
) -> Examination:
    found = replayed(Device(directory, more=says), directory, inquiry)
    assert found.cut is None
    return found


def clock(ahead: float, zone: str, hours: float, mark: str = "") -> str:
    moment = datetime.now(UTC) + timedelta(seconds=ahead, hours=hours)
    return f"{mark}{moment.strftime('%H:%M:%S.123')} {zone} {moment.strftime('%a %b %-d %Y')}\n"
