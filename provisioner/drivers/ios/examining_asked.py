"""What a device is asked while it is examined, each line once; and why something is unknown."""

from __future__ import annotations

import re

from provisioner.drivers.ios.session import Session, refused, rejected

_RUBBISH = re.compile(r"[\x00-\x07\x0e-\x1f\x7f-\x9f\ufffd]")
_RUBBISH_AT_MOST = 5
"""Characters that no table holds; some versions let one or two slip in."""
_SHOWN = 100
_SIGNS = {
    "show mac address-table": r"mac|vlan",
    "show mac-address-table": r"mac|vlan",
    "show lldp neighbors detail": r"chassis id|entries displayed",
    "show cdp neighbors detail": r"device id|entries displayed",
    "show ip dhcp binding": r"bindings|ip address",
}
"""What stands in any answer to those lines, be it an empty one."""
UNREADABLE = "its answer could not be read"


class Asked:
    """The answers of one session. ``why`` is kept by line for those that gave none."""

    def __init__(self, session: Session, seconds: float) -> None:
        self._session, self._seconds = session, seconds
        self._answers: dict[str, str] = {}
        self.why: dict[str, str] = {}

    def text(self, line: str, sign: str = "", *, log: bool = False) -> str:
        """The answer; '' where there is none, or where nothing in it looks like ``sign`` (which
        a few lines have by themselves).

        ``log``: its lines look like what the device tells by itself. Raises SessionEndedError.
        """
        if line not in self._answers:
            ask = self._session.hear if log else self._session.ask
            self._answers[line] = self._usable(
                line, ask(line, self._seconds), sign or _SIGNS.get(line, "")
            )
        return self._answers[line]

    def _usable(self, line: str, answer: str, sign: str) -> str:
        if len(_RUBBISH.findall(answer)) > _RUBBISH_AT_MOST:
            self.why[line] = UNREADABLE
        elif rejected(answer):
            self.why[line] = _plain(refused(line, answer).reason)
        elif answer.strip() and not re.search(sign, answer, re.MULTILINE | re.IGNORECASE):
            self.why[line] = UNREADABLE
        return "" if line in self.why else answer

    def either(self, *lines: str, sign: str = "") -> str:
        """The answer to the first of the lines that the device knows."""
        return next((text for line in lines if (text := self.text(line, sign))), "")

    def unknown(self, *lines: str) -> str:
        """Why none of the lines gave an answer; '' where one of them did."""
        if any(line in self._answers and line not in self.why for line in lines):
            return ""
        return next((self.why[line] for line in lines if line in self.why), "")

    @property
    def heard(self) -> bool:
        """Whether it has said anything that can be used."""
        return any(self._answers.values())


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isprintable())[:_SHOWN].strip()
