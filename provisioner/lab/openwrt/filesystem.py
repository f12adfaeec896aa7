"""The device's files: a tree in memory, of which flash survives a reboot."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field

_LINKS = 20


class FileError(Exception):
    """A file operation failed; the text is the system's own."""


@dataclass
class File:
    data: bytes = b""
    mode: int = 0o644
    changed: float = field(default_factory=time.time)


@dataclass
class Link:
    target: str
    mode: int = 0o777
    changed: float = field(default_factory=time.time)


@dataclass
class Special:
    """A file whose content is made when read; what is written goes to ``accept``, if anywhere."""

    read: Callable[[int], bytes]
    accept: Callable[[bytes], None] | None = None
    mode: int = 0o666
    changed: float = 0.0


@dataclass
class Directory:
    entries: dict[str, Node] = field(default_factory=dict)
    mode: int = 0o755
    changed: float = field(default_factory=time.time)


Node = File | Link | Special | Directory
VOLATILE = ("tmp", "proc", "dev", "sys")


class FileSystem:
    """Absolute paths only; every method raises FileError with the system's words."""

    def __init__(self) -> None:
        self.root = Directory()
        self._flash: Directory | None = None

    # ------------------------------------------------------------------ looking

    def find(self, path: str, follow: bool = True, hops: int = 0) -> Node | None:
        """The node at that path, through links unless the last is asked for itself."""
        try:
            parent, name = self._parent(path, hops)
        except FileError:
            return None
        node = parent.entries.get(name) if name else parent
        if isinstance(node, Link) and follow:
            return self.find(_through(path, node), hops=hops + 1) if hops < _LINKS else None
        return node

    def get(self, path: str, follow: bool = True) -> Node:
        node = self.find(path, follow)
        if node is None:
            self._parent(path)
            raise FileError("No such file or directory")
        return node

    def is_directory(self, path: str) -> bool:
        return isinstance(self.find(path), Directory)

    def names(self, path: str) -> list[str]:
        """What is in that directory, sorted."""
        node = self.get(path)
        if not isinstance(node, Directory):
            raise FileError("Not a directory")
        return sorted(node.entries)

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        """Every node below that path with its own path, in order."""
        for name in self.names(path):
            below = f"{path.rstrip('/')}/{name}"
            node = self.get(below, follow=False)
            yield below, node
            if isinstance(node, Directory):
                yield from self.walk(below)

    def read(self, path: str) -> bytes:
        node = self.get(path)
        if isinstance(node, Directory):
            raise FileError("Is a directory")
        if isinstance(node, Special):
            return node.read(65536)
        assert isinstance(node, File)  # noqa: S101 - get() has followed links
        return node.data

    # ------------------------------------------------------------------ changing

    def write(self, path: str, data: bytes, append: bool = False, mode: int = 0o644) -> None:
        node = self.find(path)
        if isinstance(node, Special):
            if node.accept is not None and data:
                node.accept(data)
            return
        if isinstance(node, Directory):
            raise FileError("Is a directory")
        if isinstance(node, File):
            node.data = node.data + data if append else data
            node.changed = time.time()
            return
        dangling = self.find(path, follow=False)
        if isinstance(dangling, Link):
            path = _through(path, dangling)
        parent, name = self._parent(path)
        if not name:
            raise FileError("Is a directory")
        parent.entries[name] = File(data, mode)

    def put(self, path: str, node: Node) -> None:
        """Set a node down, replacing whatever had that name."""
        parent, name = self._parent(path)
        parent.entries[name] = node

    def make_directory(self, path: str, parents: bool = False, mode: int = 0o755) -> None:
        if self.find(path) is not None:
            if parents and self.is_directory(path):
                return
            raise FileError("File exists")
        if parents:
            above = path.rstrip("/").rpartition("/")[0]
            if above:
                self.make_directory(above, parents=True)
        self.put(path, Directory(mode=mode))

    def remove(self, path: str) -> Node:
        """Take one name out of its directory, with all that is below; returns it."""
        parent, name = self._parent(path)
        if name not in parent.entries:
            raise FileError("No such file or directory")
        return parent.entries.pop(name)

    def rename(self, source: str, target: str) -> None:
        node = self.get(source, follow=False)
        there = self.find(target, follow=False)
        if isinstance(there, Directory):
            if not isinstance(node, Directory):
                raise FileError("Is a directory")
            if there.entries:
                raise FileError("Directory not empty")
        elif there is not None and isinstance(node, Directory):
            raise FileError("Not a directory")
        if f"{target}/".startswith(f"{source}/") and source != target:
            raise FileError("Invalid argument")
        self.put(target, node)
        if source != target:
            self.remove(source)

    def copy(self, source: str, target: str, keep: bool = False) -> None:
        """A whole tree or one file; ``keep`` keeps modes and times."""
        node = deepcopy(self.get(source, follow=not keep))
        if not keep:
            node.changed = time.time()
        self.put(target, node)

    # ------------------------------------------------------------------ power

    def mount(self) -> None:
        """Fresh memory-backed directories, as after a boot."""
        for name in VOLATILE:
            self.root.entries[name] = Directory()
        self.root.entries["var"] = Link("/tmp")  # noqa: S108 - the device's own

    def sync(self) -> None:
        """What is written now survives even a power cut."""
        self._flash = Directory(
            {
                name: deepcopy(node)
                for name, node in self.root.entries.items()
                if name not in VOLATILE
            }
        )

    def power_cut(self) -> None:
        """Lose what was written since the last sync."""
        if self._flash is not None:
            self.root = deepcopy(self._flash)

    # ------------------------------------------------------------------ paths

    def _parent(self, path: str, hops: int = 0) -> tuple[Directory, str]:
        """The directory that holds the last name of a path, and that name ('' for the root)."""
        parts = _parts(path)
        here: Node = self.root
        for depth, part in enumerate(parts[:-1]):
            if not isinstance(here, Directory):
                raise FileError("Not a directory")
            below = here.entries.get(part)
            if isinstance(below, Link):
                if hops >= _LINKS:
                    raise FileError("Symbolic link loop")
                prefix = "/" + "/".join(parts[: depth + 1])
                below = self.find(_through(prefix, below), hops=hops + 1)
            if below is None:
                raise FileError("No such file or directory")
            here = below
        if not isinstance(here, Directory):
            raise FileError("Not a directory")
        return here, parts[-1] if parts else ""


def _through(path: str, link: Link) -> str:
    return normal(link.target, path.rstrip("/").rpartition("/")[0])


def _parts(path: str) -> list[str]:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts[-1:] = []
        elif part not in ("", "."):
            parts.append(part)
    return parts


def normal(path: str, here: str = "/") -> str:
    """A path as an absolute one without dots."""
    return "/" + "/".join(_parts(path if path.startswith("/") else f"{here}/{path}"))
