"""``read``: one line of standard input into variables."""

from __future__ import annotations

from provisioner.lab.openwrt.shell import Shell


async def read(shell: Shell, arguments: list[str]) -> int:
    """Read a line; 1 at the end of the input. Without -r a backslash escapes and continues."""
    raw = False
    names = list(arguments)
    while names and names[0].startswith("-"):
        option = names.pop(0)
        if option in ("-p", "-t", "-n", "-d", "-u"):
            names = names[1:]
        raw = raw or "r" in option
    stream = shell.streams.get(0)
    data = b"" if stream is None else await stream.line()
    while not raw and data.endswith(b"\\\n") and stream is not None:
        data = data[:-2] + await stream.line()
    ended = not data.endswith(b"\n")
    text = data.removesuffix(b"\n").decode("utf-8", "surrogateescape")
    _assign(shell, names or ["REPLY"], text, raw)
    return int(ended)


def _assign(shell: Shell, names: list[str], text: str, raw: bool) -> None:
    """Distribute a line to variables: the last takes what is left."""
    found = shell.get("IFS")
    separators = " \t\n" if found is None else found
    blanks = "".join(char for char in separators if char in " \t\n")
    chars = _unescaped(text, raw)
    while chars and chars[0][0] in blanks and not chars[0][1]:
        chars.pop(0)
    while chars and chars[-1][0] in blanks and not chars[-1][1]:
        chars.pop()
    for name in names[:-1]:
        value = ""
        while chars and (chars[0][1] or chars[0][0] not in separators):
            value += chars.pop(0)[0]
        hard = False
        while chars and not chars[0][1] and chars[0][0] in separators:
            if chars[0][0] not in blanks:
                if hard:
                    break
                hard = True
            chars.pop(0)
        shell.put(name, value)
    rest = "".join(char for char, _ in chars)
    if chars and not chars[-1][1] and rest[-1] in separators:
        inner = rest[:-1]
        if not any(char in separators for char in inner):
            rest = inner
    shell.put(names[-1], rest)


def _unescaped(text: str, raw: bool) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    place = 0
    while place < len(text):
        escaped = not raw and text[place] == "\\" and place + 1 < len(text)
        place += escaped
        found.append((text[place], escaped))
        place += 1
    return found
