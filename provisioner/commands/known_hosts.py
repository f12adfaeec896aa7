"""Our own known_hosts file: what is on record of a host, and keeping what a person accepted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from provisioner.commands.files import replace
from provisioner.drivers.host_keys import Presented

State = Literal["new", "known", "changed"]


def entry_name(host: str, port: int) -> str:
    """A host's name in known_hosts."""
    return host if port == 22 else f"[{host}]:{port}"


class KnownHosts:
    """The file as it was read; marked and hashed entries are kept and never looked at."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = path.read_text().splitlines() if path.exists() else []

    def kinds(self, name: str) -> tuple[str, ...]:
        """Of the keys on record for that host."""
        return tuple(dict.fromkeys(fields[1] for _, fields in self._of(name)))

    def state(self, name: str, key: Presented) -> State:
        """Whether that key is on record, another one is, or none."""
        found = [fields[2] for _, fields in self._of(name) if fields[1] == key.kind]
        if not found:
            return "changed" if self.kinds(name) else "new"
        return "known" if key.data in found else "changed"

    def line(self, name: str) -> int | None:
        """The number of the line with a key of that host."""
        return next((number + 1 for number, _ in self._of(name)), None)

    def keep(self, keys: Iterable[tuple[str, Presented]]) -> None:
        """Write these keys, each instead of all that were on record for its host."""
        lines: list[str | None] = list(self._lines)
        for name, key in keys:
            for number, fields in list(self._of(name)):
                others = [other for other in fields[0].split(",") if other != name]
                rest = " ".join([",".join(others), *fields[1:]]) if others else None
                lines[number] = rest
                self._lines[number] = rest or ""
            lines.append(f"{name} {key.kind} {key.data}")
            self._lines.append(f"{name} {key.kind} {key.data}")
        self._lines = [line for line in lines if line is not None]
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace(self.path, "".join(f"{line}\n" for line in self._lines), 0o644)

    def _of(self, name: str) -> Iterable[tuple[int, list[str]]]:
        for number, line in enumerate(self._lines):
            fields = line.split()
            plain = len(fields) >= 3 and fields[0][0] not in "#@|"
            if plain and name in fields[0].split(","):
                yield number, fields
