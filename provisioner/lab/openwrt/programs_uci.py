"""The ``uci`` command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from provisioner.lab.openwrt import uci_files
from provisioner.lab.openwrt.calling import Call, Program, UsageError, decoded
from provisioner.lab.openwrt.uci import (
    CHANGE,
    CONFIG,
    INVALID,
    NOT_FOUND,
    STAGED,
    Pointer,
    Uci,
    UciError,
)
from provisioner.lab.openwrt.uci_files import NAME, Package, ParseError, Section, quoted


@dataclass
class _Run:
    uci: Uci
    call: Call
    quiet: bool
    plain_names: bool

    def label(self, package: Package, section: Section) -> str:
        return section.name if self.plain_names else package.label(section)


def _section(run: _Run, pointer: Pointer) -> tuple[Package, Section | None]:
    package = run.uci.load(pointer.package)
    try:
        return package, package.find(pointer.section)
    except ParseError:
        raise UciError(INVALID) from None


def _found(run: _Run, pointer: Pointer, missing: str = NOT_FOUND) -> tuple[Package, Section]:
    package, section = _section(run, pointer)
    if section is None:
        raise UciError(missing)
    return package, section


def _shown(value: uci_files.Value) -> str:
    return quoted(value) if isinstance(value, str) else " ".join(quoted(item) for item in value)


def _show(run: _Run, words: list[str]) -> None:
    pointers = [Pointer.parse(words[0])] if words else [Pointer(name) for name in run.uci.names()]
    for pointer in pointers:
        if pointer.option:
            _, section = _found(run, pointer)
            if pointer.option not in section.options:
                raise UciError(NOT_FOUND)
            label = f"{pointer.package}.{pointer.section}.{pointer.option}"
            run.call.out(f"{label}={_shown(section.options[pointer.option])}\n")
            continue
        package = run.uci.load(pointer.package)
        sections = [_found(run, pointer)[1].name] if pointer.section else []
        for section in package.sections:
            if sections and section.name not in sections:
                continue
            label = f"{package.name}.{run.label(package, section)}"
            if pointer.section:
                label = f"{package.name}.{pointer.section}"
            run.call.out(f"{label}={section.kind}\n")
            for option, value in section.options.items():
                run.call.out(f"{label}.{option}={_shown(value)}\n")


def _get(run: _Run, words: list[str]) -> None:
    pointer = Pointer.parse(_only(words))
    if not pointer.section:
        raise UciError(INVALID)
    _, section = _found(run, pointer)
    if not pointer.option:
        run.call.out(section.kind + "\n")
        return
    if pointer.option not in section.options:
        raise UciError(NOT_FOUND)
    value = section.options[pointer.option]
    run.call.out((value if isinstance(value, str) else " ".join(value)) + "\n")


def _only(words: list[str]) -> str:
    if len(words) != 1:
        raise UsageError("")
    return words[0]


def _set(run: _Run, words: list[str]) -> None:
    pointer = Pointer.parse(_only(words))
    if not pointer.section or pointer.value is None:
        raise UciError(INVALID)
    package, section = _section(run, pointer)
    if not pointer.option:
        if not uci_files.TYPE.fullmatch(pointer.value) or (
            section is None and pointer.section.startswith("@")
        ):
            raise UciError(INVALID)
        name = section.name if section else pointer.section
        run.uci.stage(package, f"{package.name}.{name}={quoted(pointer.value)}")
        return
    if section is None:
        raise UciError(INVALID)
    path = f"{package.name}.{section.name}.{pointer.option}"
    if pointer.value:
        run.uci.stage(package, f"{path}={quoted(pointer.value)}")
    elif pointer.option in section.options:
        run.uci.stage(package, f"-{path}")


def _list(run: _Run, words: list[str], sign: str) -> None:
    pointer = Pointer.parse(_only(words))
    if not pointer.option or not pointer.value:
        raise UciError(INVALID)
    package, section = _found(run, pointer, INVALID)
    path = f"{package.name}.{section.name}.{pointer.option}"
    run.uci.stage(package, f"{sign}{path}={quoted(pointer.value)}")


def _add_list(run: _Run, words: list[str]) -> None:
    _list(run, words, "|")


def _del_list(run: _Run, words: list[str]) -> None:
    _list(run, words, "~")


def _add(run: _Run, words: list[str]) -> None:
    if len(words) != 2 or not uci_files.TYPE.fullmatch(words[1]):
        raise UsageError("")
    package = run.uci.load(Pointer.parse(words[0]).package)
    name = package.generated(words[1], 0)
    run.uci.stage(package, f"+{package.name}.{name}={quoted(words[1])}")
    run.call.out(name + "\n")


def _delete(run: _Run, words: list[str]) -> None:
    pointer = Pointer.parse(_only(words))
    if not pointer.section:
        raise UciError(INVALID)
    package, section = _found(run, pointer)
    path = f"{package.name}.{section.name}"
    if not pointer.option:
        run.uci.stage(package, f"-{path}")
    elif pointer.option not in section.options:
        raise UciError(NOT_FOUND)
    else:
        run.uci.stage(package, f"-{path}.{pointer.option}")


def _rename(run: _Run, words: list[str]) -> None:
    pointer = Pointer.parse(_only(words))
    if not pointer.section or not pointer.value or not NAME.fullmatch(pointer.value):
        raise UciError(INVALID)
    package, section = _found(run, pointer)
    if pointer.option and pointer.option not in section.options:
        raise UciError(NOT_FOUND)
    path = f"{package.name}.{section.name}" + (f".{pointer.option}" if pointer.option else "")
    run.uci.stage(package, f"@{path}={quoted(pointer.value)}")


def _reorder(run: _Run, words: list[str]) -> None:
    pointer = Pointer.parse(_only(words))
    if not pointer.section or not (pointer.value or "").isdigit():
        raise UciError(INVALID)
    package, section = _found(run, pointer)
    run.uci.stage(package, f"^{package.name}.{section.name}={quoted(pointer.value or '')}")


def _packages(run: _Run, words: list[str]) -> list[str]:
    return [Pointer.parse(words[0]).package] if words else run.uci.names()


def _commit(run: _Run, words: list[str]) -> None:
    for name in _packages(run, words):
        run.uci.commit(name)


def _revert(run: _Run, words: list[str]) -> None:
    pointer = Pointer.parse(_only(words))
    package = run.uci.load(pointer.package)
    if not pointer.section:
        run.uci.drop(pointer.package)
        return
    section = package.find(pointer.section)
    name = section.name if section else pointer.section
    kept = []
    for line in run.uci.changes(pointer.package):
        match = CHANGE.fullmatch(line)
        same = match is not None and match[3] == name
        if not same or (match is not None and pointer.option and match[4] != pointer.option):
            kept.append(line)
    run.uci.drop(pointer.package, kept)


def _changes(run: _Run, words: list[str]) -> None:
    for name in _packages(run, words):
        run.uci.load(name)
        for line in run.uci.changes(name):
            sign = line[:1] if line[:1] in "-+|~@^" else ""
            path, equals, value = line[len(sign) :].partition("=")
            between = {"|": "+=", "~": "-="}.get(sign, equals)
            run.call.out(f"{'-' if sign == '-' else ''}{path}{between}{value}\n")


def _export(run: _Run, words: list[str]) -> None:
    for name in _packages(run, words):
        run.call.out(uci_files.dumps(run.uci.load(name), with_name=True))


_COMMANDS = MappingProxyType(
    {
        "show": _show, "get": _get, "set": _set, "add": _add, "add_list": _add_list,
        "del_list": _del_list, "delete": _delete, "del": _delete, "rename": _rename,
        "reorder": _reorder, "commit": _commit, "revert": _revert, "changes": _changes,
        "export": _export,
    }
)  # fmt: skip


def _one(run: _Run, words: list[str]) -> int:
    command = _COMMANDS.get(words[0])
    if command is None:
        raise UsageError("")
    try:
        command(run, words[1:])
    except (UciError, ParseError) as error:
        if not run.quiet:
            run.call.shell.write(2, f"uci: {error}\n")
        return 1
    return 0


async def _batch(run: _Run, text: str) -> int:
    """Every command in turn; as the real one, it goes on after a failure and ends with 0."""
    try:
        parsed = [words for _, words in uci_files.split(text) if words]
    except ParseError as error:
        run.call.shell.write(2, f"uci: {error}\n")
        return 0
    for words in parsed:
        if words[0].lower() == "exit":
            break
        try:
            _one(run, words)
        except UsageError:
            run.call.shell.write(2, "Unknown command\n")
    return 0


async def _import(run: _Run, words: list[str]) -> int:
    text = decoded(await run.call.input())
    try:
        package = uci_files.loads(words[0] if words else "", text)
    except ParseError as error:
        run.call.shell.write(2, f"uci: {error}\n")
        return 1
    run.uci.save(package)
    run.uci.drop(package.name)
    return 0


async def _uci(call: Call) -> int:
    words, quiet, plain_names = list(call.arguments), False, False
    places = {"-c": CONFIG, "-t": STAGED}
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in places and words:
            places[option] = call.path(words.pop(0))
            continue
        if option.strip("-qXNnSsm"):
            return _usage(call)
        quiet, plain_names = quiet or "q" in option, plain_names or "X" in option
    run = _Run(Uci(call.files, places["-c"], places["-t"]), call, quiet, plain_names)
    try:
        if words[:1] == ["batch"]:
            return await _batch(run, decoded(await call.input()))
        if words[:1] == ["import"]:
            return await _import(run, words[1:])
        return _one(run, words) if words else _usage(call)
    except UsageError:
        return _usage(call)


def _usage(call: Call) -> int:
    call.shell.write(2, "Usage: uci [<options>] <command> [<arguments>]\n")
    return 255


UCI_PROGRAMS: Mapping[str, Program] = MappingProxyType({"uci": _uci})
