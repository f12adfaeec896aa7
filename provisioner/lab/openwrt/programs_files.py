"""Programs that look at files and move them about."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time
from collections.abc import Mapping
from types import MappingProxyType

from provisioner.lab.openwrt.calling import Call, Program, UsageError, decoded
from provisioner.lab.openwrt.filesystem import Directory, File, FileError, Link, Node


async def _cat(call: Call) -> int:
    _, paths = call.options("u")
    status = 0
    for path in paths or ["-"]:
        try:
            call.out(await call.content(path))
        except FileError as error:
            call.error(f"can't open '{path}': {error}")
            status = 1
    return status


def _target(call: Call, source: str, target: str, into: bool) -> str:
    """Where a file goes: inside of a directory under its own name."""
    path = call.path(target)
    if into:
        return f"{path.rstrip('/')}/{source.rstrip('/').rpartition('/')[2]}"
    return path


def _sources(call: Call, letters: str) -> tuple[set[str], list[str], str, bool]:
    options, paths = call.options(letters)
    if len(paths) < 2:
        raise UsageError("missing file operand")
    into = call.files.is_directory(call.path(paths[-1]))
    if len(paths) > 2 and not into:
        raise UsageError(f"can't stat '{paths[-1]}': Not a directory")
    return options, paths[:-1], paths[-1], into


async def _cp(call: Call) -> int:
    options, sources, target, into = _sources(call, "prRafd")
    recursive = bool(options & {"r", "R", "a"})
    status = 0
    for source in sources:
        path = call.path(source)
        node = call.files.find(path)
        place = _target(call, source, target, into)
        if node is None:
            call.error(f"can't stat '{source}': No such file or directory")
        elif isinstance(node, Directory) and not recursive:
            call.error(f"omitting directory '{source}'")
        elif call.files.find(place) is node:
            call.error(f"'{source}' and '{target}' are the same file")
        elif isinstance(node, Directory):
            _merge(call, path, place, keep=bool(options & {"p", "a"}))
            continue
        else:
            try:
                _copy_file(call, path, place, keep=bool(options & {"p", "a"}))
                continue
            except FileError as error:
                call.error(f"can't create '{target}': {error}")
        status = 1
    return status


def _copy_file(call: Call, source: str, target: str, keep: bool) -> None:
    data, node = call.files.read(source), call.files.get(source)
    call.files.write(target, data, mode=call.mode(node.mode))
    if keep:
        copied = call.files.get(target)
        copied.mode, copied.changed = node.mode, node.changed


def _merge(call: Call, source: str, target: str, keep: bool) -> None:
    call.files.make_directory(target, parents=call.files.is_directory(target))
    for path, node in list(call.files.walk(source)):
        place = target + path[len(source.rstrip("/")) :]
        if isinstance(node, Directory):
            call.files.make_directory(place, parents=call.files.is_directory(place))
        elif isinstance(node, Link):
            call.files.put(place, Link(node.target))
        else:
            _copy_file(call, path, place, keep)


async def _mv(call: Call) -> int:
    _, sources, target, into = _sources(call, "fi")
    status = 0
    for source in sources:
        try:
            call.files.rename(call.path(source), _target(call, source, target, into))
        except FileError as error:
            call.error(f"can't rename '{source}': {error}")
            status = 1
    return status


async def _rm(call: Call) -> int:
    options, paths = call.options("rRfi")
    recursive, force = bool(options & {"r", "R"}), "f" in options
    if not paths and not force:
        raise UsageError("missing file operand")
    status = 0
    for path in paths:
        node = call.files.find(call.path(path), follow=False)
        if node is None:
            if not force:
                call.error(f"can't remove '{path}': No such file or directory")
                status = 1
        elif isinstance(node, Directory) and not recursive:
            call.error(f"'{path}' is a directory")
            status = 1
        else:
            call.files.remove(call.path(path))
    return status


async def _mkdir(call: Call) -> int:
    mode, arguments = call.mode(0o777), list(call.arguments)
    if "-m" in arguments:
        place = arguments.index("-m")
        mode = int(arguments[place + 1], 8)
        del arguments[place : place + 2]
    options, paths = Call(call.shell, call.name, arguments).options("p")
    status = 0
    for path in paths:
        try:
            call.files.make_directory(call.path(path), "p" in options, mode)
        except FileError as error:
            call.error(f"can't create directory '{path}': {error}")
            status = 1
    return status


async def _rmdir(call: Call) -> int:
    status = 0
    for path in call.options("p")[1]:
        try:
            if call.files.names(call.path(path)):
                raise FileError("Directory not empty")
            call.files.remove(call.path(path))
        except FileError as error:
            call.error(f"'{path}': {error}")
            status = 1
    return status


async def _chmod(call: Call) -> int:
    arguments = [word for word in call.arguments if word != "-R"]
    mode = arguments[0] if arguments else ""
    if len(arguments) < 2 or not re.fullmatch(r"[0-7]{1,4}|[ugoa]*[-+=][rwx]+", mode):
        raise UsageError(f"invalid mode '{mode}'")
    for path in arguments[1:]:
        node = call.files.get(call.path(path))
        if mode.isdigit():
            node.mode = int(mode, 8)
            continue
        who, sign, what = re.split(r"([-+=])", mode)
        bits = sum({"r": 4, "w": 2, "x": 1}[char] for char in set(what))
        people = set(who.replace("a", "ugo") or "ugo")
        shifts = [shift for name, shift in (("u", 6), ("g", 3), ("o", 0)) if name in people]
        mask = sum(bits << shift for shift in shifts)
        node.mode = node.mode | mask if sign != "-" else node.mode & ~mask
    return 0


async def _ln(call: Call) -> int:
    options, paths = call.options("sfn")
    if len(paths) != 2:
        raise UsageError("missing file operand")
    source, target = paths
    into = call.files.is_directory(call.path(target)) and "n" not in options
    place = _target(call, source, target, into)
    if call.files.find(place, follow=False) is not None:
        if "f" not in options:
            raise UsageError(f"{target}: File exists")
        call.files.remove(place)
    node: Node = Link(source) if "s" in options else call.files.get(call.path(source))
    call.files.put(place, node)
    return 0


async def _ls(call: Call) -> int:
    options, paths = call.options("1aAldhFt")
    status = 0
    for path in paths or ["."]:
        node = call.files.find(call.path(path))
        if node is None:
            call.error(f"{path}: No such file or directory")
            status = 1
            continue
        if isinstance(node, Directory) and "d" not in options:
            if len(paths) > 1:
                call.out(f"{path}:\n")
            names = call.files.names(call.path(path))
            shown = [name for name in names if options & {"a", "A"} or not name.startswith(".")]
            for name in shown:
                call.out(_listed(call, f"{path}/{name}", name, options))
        else:
            call.out(_listed(call, path, path, options))
    return status


def _listed(call: Call, path: str, name: str, options: set[str]) -> str:
    if "l" not in options:
        return f"{name}\n"
    node = call.files.get(call.path(path), follow=False)
    kind = {Directory: "d", Link: "l", File: "-"}.get(type(node), "c")
    bits = "".join(
        letter if node.mode >> (8 - place) & 1 else "-"
        for place, letter in enumerate("rwxrwxrwx")
    )  # fmt: skip
    size = len(node.data) if isinstance(node, File) else 0
    day = time.strftime("%b %e %H:%M", time.gmtime(node.changed))
    arrow = f" -> {node.target}" if isinstance(node, Link) else ""
    return f"{kind}{bits}    1 root     root     {size:9} {day} {name}{arrow}\n"


async def _touch(call: Call) -> int:
    options, paths = call.options("c")
    for path in paths:
        node = call.files.find(call.path(path))
        if node is None and "c" in options:
            continue
        if node is None:
            call.files.write(call.path(path), b"", mode=call.mode(0o666))
        else:
            node.changed = time.time()
    return 0


async def _readlink(call: Call) -> int:
    options, paths = call.options("fn")
    node = call.files.find(call.path(paths[0]), follow=False)
    if "f" in options:
        call.out(call.path(paths[0]) + "\n")
        return 0
    if not isinstance(node, Link):
        return 1
    call.out(node.target + "\n")
    return 0


async def _basename(call: Call) -> int:
    name = call.arguments[0].rstrip("/").rpartition("/")[2]
    suffix = call.arguments[1] if len(call.arguments) > 1 else ""
    call.out((name.removesuffix(suffix) if name != suffix else name) + "\n")
    return 0


async def _dirname(call: Call) -> int:
    folder, slash, _ = call.arguments[0].rstrip("/").rpartition("/")
    call.out((folder or ("/" if slash else ".")) + "\n")
    return 0


async def _mktemp(call: Call) -> int:
    options, rest = call.options("dp")
    template = call.path(rest[-1]) if rest else "/tmp/tmp.XXXXXX"  # noqa: S108 - the device's
    path = template.replace("XXXXXX", secrets.token_hex(3))
    if "d" in options:
        call.files.make_directory(path, mode=0o700)
    else:
        call.files.write(path, b"", mode=0o600)
    call.out(path + "\n")
    return 0


async def _digest(call: Call) -> int:
    kind = call.name.removesuffix("sum")
    options, paths = call.options("cs")
    status = 0
    if "c" in options:
        for line in decoded(await call.content(paths[0] if paths else "-")).splitlines():
            wanted, _, path = line.partition("  ")
            good = hashlib.new(kind, call.files.read(call.path(path))).hexdigest() == wanted
            status |= not good
            if "s" not in options:
                call.out(f"{path}: {'OK' if good else 'FAILED'}\n")
        return status
    for path in paths or ["-"]:
        try:
            call.out(f"{hashlib.new(kind, await call.content(path)).hexdigest()}  {path}\n")
        except FileError as error:
            call.error(f"can't open '{path}': {error}")
            status = 1
    return status


async def _base64(call: Call) -> int:
    options, paths = call.options("dw")
    data = await call.content(paths[0] if paths else "-")
    if "d" in options:
        try:
            call.out(base64.b64decode(data))
        except ValueError:
            raise UsageError("truncated input") from None
        return 0
    call.out(base64.encodebytes(data))
    return 0


async def _cmp(call: Call) -> int:
    options, paths = call.options("sq")
    same = await call.content(paths[0]) == await call.content(paths[1])
    if not same and not options:
        call.out(f"{paths[0]} {paths[1]} differ\n")
    return int(not same)


async def _sync(call: Call) -> int:
    call.files.sync()
    return 0


FILE_PROGRAMS: Mapping[str, Program] = MappingProxyType(
    {
        "cat": _cat, "cp": _cp, "mv": _mv, "rm": _rm, "mkdir": _mkdir, "rmdir": _rmdir,
        "chmod": _chmod, "ln": _ln, "ls": _ls, "touch": _touch, "readlink": _readlink,
        "basename": _basename, "dirname": _dirname, "mktemp": _mktemp, "sha256sum": _digest,
        "md5sum": _digest, "base64": _base64, "cmp": _cmp, "sync": _sync,
    }
)  # fmt: skip
