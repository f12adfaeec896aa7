"""Programs that take text apart: grep, sed, cut, sort and their kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from provisioner.lab.openwrt.calling import Call, Program, UsageError, decoded, encoded, program
from provisioner.lab.openwrt.filesystem import FileError
from provisioner.lab.openwrt.regex import regular
from provisioner.lab.openwrt.sed import sed


async def _texts(call: Call, paths: list[str]) -> list[tuple[str, str]]:
    """Each file's name and text, standard input without any; raises FileError."""
    found = []
    for path in paths or ["-"]:
        try:
            found.append((path, decoded(await call.content(path))))
        except FileError as error:
            raise FileError(f"{path}: {error}") from None
    return found


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _taking(call: Call, letters: str, valued: str) -> tuple[set[str], dict[str, str], list[str]]:
    """Options of which some take a value, joined to it or as the next word."""
    flags: set[str] = set()
    values: dict[str, str] = {}
    rest: list[str] = []
    words = list(call.arguments)
    while words:
        word = words.pop(0)
        if word == "--":
            return flags, values, rest + words
        if not word.startswith("-") or word == "-":
            rest.append(word)
            continue
        letters_left = word[1:]
        while letters_left:
            letter, letters_left = letters_left[0], letters_left[1:]
            if letter in valued:
                if not letters_left and not words:
                    raise UsageError(f"option requires an argument: {letter}")
                value = letters_left or words.pop(0)
                values[letter] = f"{values[letter]}\n{value}" if letter in values else value
                break
            if letter not in letters:
                raise UsageError(f"unrecognized option: {letter}")
            flags.add(letter)
    return flags, values, rest


async def _grep(call: Call) -> int:
    flags, values, rest = _taking(call, "qvFxcEinlsoHhw", "em")
    if "e" in values:
        wanted = values["e"]
    elif rest:
        wanted = rest.pop(0)
    else:
        raise UsageError("usage: grep [-qvFxcEin] PATTERN [FILE]...")
    regexes = [
        re.compile(
            re.escape(one) if "F" in flags else regular(one, extended="E" in flags),
            re.IGNORECASE if "i" in flags else 0,
        )
        for one in wanted.split("\n")
    ]
    total, status = 0, 0
    several = (len(rest) > 1 or "H" in flags) and "h" not in flags
    for path in rest or ["-"]:
        try:
            ((_, text),) = await _texts(call, [path])
        except FileError as error:
            if "s" not in flags:
                call.error(str(error))
            status = 2
            continue
        total += _grepped(call, flags, regexes, text, path, f"{path}:" if several else "")
    if "q" in flags and total:
        return 0
    return status or int(not total)


def _grepped(
    call: Call, flags: set[str], regexes: list[re.Pattern[str]], text: str, path: str, prefix: str
) -> int:
    count = 0
    for number, line in enumerate(_lines(text), 1):
        found = [
            match
            for regex in regexes
            if (match := regex.fullmatch(line) if "x" in flags else _search(regex, line, flags))
        ]
        if bool(found) == ("v" in flags):
            continue
        count += 1
        if flags & {"q", "c", "l"}:
            continue
        mark = f"{prefix}{number}:" if "n" in flags else prefix
        for shown in [match[0] for match in found] if "o" in flags else [line]:
            call.out(f"{mark}{shown}\n")
    if "c" in flags and "q" not in flags:
        call.out(f"{prefix}{count}\n")
    elif "l" in flags and count:
        call.out(f"{path}\n")
    return count


def _search(regex: re.Pattern[str], line: str, flags: set[str]) -> re.Match[str] | None:
    if "w" in flags:
        return re.search(rf"(?<!\w)(?:{regex.pattern})(?!\w)", line, regex.flags)
    return regex.search(line)


def _count(call: Call) -> tuple[str, list[str]]:
    words = list(call.arguments)
    if words and re.fullmatch(r"-[0-9]+", words[0]):
        return words[0][1:], words[1:]
    _, values, rest = _taking(call, "qf", "nc")
    if "c" in values:
        return f"c{values['c']}", rest
    return values.get("n", "10"), rest


async def _head(call: Call) -> int:
    count, paths = _count(call)
    if count.startswith("c"):
        data = await _first(call, paths, int(count[1:]))
        call.out(data)
        return 0
    for _, text in await _texts(call, paths):
        number = int(count)
        kept = text.splitlines(keepends=True)
        call.out("".join(kept[:number]))
    return 0


async def _first(call: Call, paths: list[str], count: int) -> bytes:
    if paths:
        return call.files.read(call.path(paths[0]))[:count]
    data = b""
    stream = call.shell.streams.get(0)
    while stream is not None and len(data) < count:
        more = await stream.read(count - len(data))
        if not more:
            break
        data += more
    return data


async def _tail(call: Call) -> int:
    count, paths = _count(call)
    for _, text in await _texts(call, paths):
        if count.startswith("c"):
            call.out(encoded(text)[-int(count[1:]) :])
            continue
        lines = text.splitlines(keepends=True)
        start = int(count) - 1 if count.startswith("+") else len(lines) - int(count)
        call.out("".join(lines[max(0, start) :]))
    return 0


def _ranges(text: str) -> list[tuple[int, int]]:
    found = []
    for part in text.split(","):
        low, dash, high = part.partition("-")
        if not (low or high) or not (low + high).isdigit():
            raise UsageError(f"invalid range '{text}'")
        found.append((int(low or 1), int(high or 10**9) if dash else int(low)))
    return found


async def _cut(call: Call) -> int:
    flags, values, paths = _taking(call, "s", "dfcb")
    wanted = values.get("f") or values.get("c") or values.get("b")
    if wanted is None:
        raise UsageError("expected a list of bytes, characters, or fields")
    ranges = _ranges(wanted)
    delimiter = values.get("d", "\t")
    for _, text in await _texts(call, paths):
        for line in _lines(text):
            if "f" not in values:
                kept = [c for n, c in enumerate(line, 1) if any(a <= n <= b for a, b in ranges)]
                call.out("".join(kept) + "\n")
            elif delimiter not in line:
                call.out("" if "s" in flags else line + "\n")
            else:
                cells = enumerate(line.split(delimiter), 1)
                kept = [cell for n, cell in cells if any(a <= n <= b for a, b in ranges)]
                call.out(delimiter.join(kept) + "\n")
    return 0


async def _sort(call: Call) -> int:
    flags, values, paths = _taking(call, "urnf", "kt")
    lines = [line for _, text in await _texts(call, paths) for line in _lines(text)]

    def key(line: str) -> tuple[float, bytes]:
        cell = line
        if "k" in values:
            cells = line.split(values["t"]) if "t" in values else line.split()
            number = int(values["k"].partition(",")[0])
            cell = cells[number - 1] if number <= len(cells) else ""
        digits = re.match(r"\s*(-?[0-9]+(?:\.[0-9]*)?)", cell)
        return (float(digits[1]) if digits else 0.0) if "n" in flags else 0.0, encoded(cell)

    lines.sort(key=key, reverse="r" in flags)
    if "u" in flags:
        lines = list(dict.fromkeys(lines))
    call.out("".join(f"{line}\n" for line in lines))
    return 0


async def _uniq(call: Call) -> int:
    flags, paths = call.options("cdu")
    groups: list[tuple[str, int]] = []
    for _, text in await _texts(call, paths[:1]):
        for line in _lines(text):
            if groups and groups[-1][0] == line:
                groups[-1] = (line, groups[-1][1] + 1)
            else:
                groups.append((line, 1))
    for line, count in groups:
        if ("d" in flags and count < 2) or ("u" in flags and count > 1):
            continue
        call.out(f"{count:7} {line}\n" if "c" in flags else f"{line}\n")
    return 0


async def _wc(call: Call) -> int:
    flags, paths = call.options("lwcm")
    for path, text in await _texts(call, paths):
        counts = {"l": text.count("\n"), "w": len(text.split()), "c": len(encoded(text))}
        shown = [str(counts[key]) for key in "lwc" if key in flags or not flags]
        line = shown[0] if len(shown) == 1 else " ".join(f"{cell:>9}" for cell in shown)
        call.out(f"{line} {path}\n" if path != "-" else f"{line}\n")
    return 0


_CLASSES = {
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "lower": "abcdefghijklmnopqrstuvwxyz",
    "digit": "0123456789", "space": " \t\n\v\f\r", "blank": " \t",
}  # fmt: skip


def _characters(text: str) -> str:
    text = re.sub(r"\\([0-7]{1,3})", lambda match: chr(int(match[1], 8)), text)
    for name, chars in _CLASSES.items():
        text = text.replace(f"[:{name}:]", chars)
    text = text.replace("[:alpha:]", _CLASSES["upper"] + _CLASSES["lower"])
    text = text.replace(
        "[:alnum:]", _CLASSES["digit"] + _CLASSES["upper"] + _CLASSES["lower"]
    )  # fmt: skip
    text = re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t", "r": "\r"}.get(m[1], m[1]), text)
    return re.sub(
        r"(.)-(.)",
        lambda match: "".join(map(chr, range(ord(match[1]), ord(match[2]) + 1))),
        text,
        flags=re.DOTALL,
    )


async def _tr(call: Call) -> int:
    flags, words = call.options("dsc")
    if not words:
        raise UsageError("usage: tr [-cds] STRING1 [STRING2]")
    text = decoded(await call.input())
    first = _characters(words[0])
    if "c" in flags:
        first = "".join({char for char in text if char not in first})
    if "d" in flags:
        text = "".join(char for char in text if char not in first)
    elif len(words) > 1:
        second = _characters(words[1])
        second += second[-1:] * (len(first) - len(second))
        text = text.translate({ord(old): new for old, new in zip(first, second, strict=False)})
    if "s" in flags:
        squeezed = _characters(words[-1])
        text = re.sub(f"([{re.escape(squeezed)}])\\1+", r"\1", text)
    call.out(text)
    return 0


async def _tee(call: Call) -> int:
    flags, paths = call.options("a")
    data = await call.input()
    call.out(data)
    for path in paths:
        call.files.write(call.path(path), data, append="a" in flags)
    return 0


async def _xargs(call: Call) -> int:
    words = list(call.arguments)
    once = 10**6
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option.startswith("-n"):
            once = int(option[2:] or words.pop(0))
    items = decoded(await call.input()).split()
    if not items and "-r" in call.arguments:
        return 0
    status = 0
    for start in range(0, max(1, len(items)), once):
        if await program(call.shell, [*(words or ["echo"]), *items[start : start + once]]):
            status = 123
    return status


async def _seq(call: Call) -> int:
    numbers = [int(word) for word in call.arguments]
    first = numbers[0] if len(numbers) > 1 else 1
    step = numbers[1] if len(numbers) > 2 else 1
    for number in range(first, numbers[-1] + (1 if step > 0 else -1), step):
        call.out(f"{number}\n")
    return 0


TEXT_PROGRAMS: Mapping[str, Program] = MappingProxyType(
    {
        "grep": _grep, "head": _head, "tail": _tail, "cut": _cut, "sort": _sort, "uniq": _uniq,
        "wc": _wc, "tr": _tr, "tee": _tee, "xargs": _xargs, "seq": _seq, "sed": sed,
    }
)  # fmt: skip
