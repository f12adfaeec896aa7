"""The configuration as ``uci`` keeps it, and changes staged in memory until they are committed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provisioner.lab.openwrt import uci_files
from provisioner.lab.openwrt.calling import decoded, encoded
from provisioner.lab.openwrt.filesystem import File, FileError, FileSystem
from provisioner.lab.openwrt.uci_files import NAME, Package, ParseError, Section

CONFIG = "/etc/config"
STAGED = "/tmp/.uci"  # noqa: S108 - the device's own
NOT_FOUND, INVALID, PARSE = "Entry not found", "Invalid argument", "Parse error"


class UciError(Exception):
    """What uci says on standard error, after its name."""


@dataclass(frozen=True)
class Pointer:
    """``package[.section[.option]][=value]``."""

    package: str
    section: str = ""
    option: str = ""
    value: str | None = None

    @classmethod
    def parse(cls, text: str) -> Pointer:
        """Raises UciError."""
        path, equals, value = text.partition("=")
        parts = path.split(".", 2)
        if not NAME.fullmatch(parts[0].replace("-", "_")):
            raise UciError(INVALID)
        section = parts[1] if len(parts) > 1 else ""
        if section and not NAME.fullmatch(section) and not section.startswith("@"):
            raise UciError(INVALID)
        if len(parts) > 2 and not NAME.fullmatch(parts[2]):
            raise UciError(PARSE)
        if any(ord(char) < 32 and char != "\t" for char in value):
            raise UciError(PARSE)
        option = parts[2] if len(parts) > 2 else ""
        return cls(parts[0], section, option, value if equals else None)


class Uci:
    """The configuration of one device, staged changes included."""

    def __init__(self, files: FileSystem, config: str = CONFIG, staged: str = STAGED) -> None:
        self._files = files
        self._config = config
        self._staged = staged

    def names(self) -> list[str]:
        return [
            name
            for name in self._files.names(self._config)
            if isinstance(self._files.find(f"{self._config}/{name}"), File)
        ]

    def load(self, name: str, staged: bool = True) -> Package:
        """One package as it is, with what is staged; raises UciError."""
        try:
            text = decoded(self._files.read(f"{self._config}/{name}"))
        except FileError:
            raise UciError(NOT_FOUND) from None
        try:
            package = uci_files.loads(name, text)
        except ParseError as error:
            raise UciError(str(error)) from None
        for line in self.changes(name) if staged else []:
            _replay(package, line)
        return package

    def changes(self, name: str) -> list[str]:
        """What is staged, one change a line."""
        node = self._files.find(f"{self._staged}/{name}")
        return decoded(node.data).splitlines() if isinstance(node, File) else []

    def stage(self, package: Package, line: str) -> None:
        self._files.make_directory(self._staged, parents=True)
        path = f"{self._staged}/{package.name}"
        self._files.write(path, encoded(line + "\n"), append=True, mode=0o600)

    def drop(self, name: str, kept: list[str] | None = None) -> None:
        """Forget what is staged, but for the lines kept."""
        if self._files.find(f"{self._staged}/{name}") is not None:
            self._files.remove(f"{self._staged}/{name}")
        if kept:
            text = "".join(line + "\n" for line in kept)
            self._files.write(f"{self._staged}/{name}", encoded(text), mode=0o600)

    def commit(self, name: str) -> None:
        package = self.load(name)
        if self.changes(name):
            self.save(package)
            self._files.sync()
        self.drop(name)

    def save(self, package: Package) -> None:
        path = f"{self._config}/{package.name}"
        self._files.write(path, encoded(uci_files.dumps(package)), mode=0o600)


CHANGE = re.compile(r"([-+|~@^]?)([^.=]+)\.([^.=]+)(?:\.([^.=]+))?(?:='(.*)')?", re.DOTALL)


def _replay(package: Package, line: str) -> None:
    """Carry out one staged change; one whose section is gone has no effect."""
    match = CHANGE.fullmatch(line)
    if match is None:
        raise UciError(PARSE)
    sign, _, name, option, raw = match.groups()
    value = (raw or "").replace("'\\''", "'")
    section = package.find(name)
    if sign == "+" or (not sign and not option):
        if section is not None:
            section.kind = value
        else:
            package.sections.append(Section(value, name, anonymous=sign == "+"))
    elif section is None:
        return
    elif sign == "":
        section.options[option] = value
    elif sign == "-" and option:
        section.options.pop(option, None)
    elif sign == "-":
        package.sections.remove(section)
    elif sign == "|":
        uci_files.add_to_list(section, option, value)
    elif sign == "~":
        _remove_from_list(section, option, value)
    elif sign == "@" and not option:
        section.name, section.anonymous = value, False
    elif sign == "@":
        section.options = {
            (value if name == option else name): old for name, old in section.options.items()
        }
    else:
        package.sections.remove(section)
        package.sections.insert(int(value), section)


def _remove_from_list(section: Section, option: str, value: str) -> None:
    old = section.options.get(option)
    if isinstance(old, list):
        section.options[option] = [item for item in old if item != value]
        if not section.options[option]:
            del section.options[option]
