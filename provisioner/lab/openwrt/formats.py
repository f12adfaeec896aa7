"""printf's formats and echo's backslashes."""

from __future__ import annotations

import re

_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_DIRECTIVE = re.compile(
    r"%(?P<flags>[-+ 0#]*)(?P<width>\*|\d*)"
    r"(?:\.(?P<precision>\*|\d*))?(?P<kind>.?)"
)


def escapes(text: str, octal: str = r"0[0-7]{0,3}") -> tuple[str, bool]:
    r"""A text with its backslash escapes carried out; True if ``\c`` stopped it."""
    out = ""
    place = 0
    while place < len(text):
        char = text[place]
        place += 1
        if char != "\\" or place == len(text):
            out += char
            continue
        if text[place] == "c":
            return out, True
        number = re.compile(octal).match(text, place)
        hexadecimal = re.compile(r"x[0-9a-fA-F]{1,2}").match(text, place)
        if number:
            out += bytes([int(number[0], 8) & 255]).decode("utf-8", "surrogateescape")
            place = number.end()
        elif hexadecimal:
            value = int(hexadecimal[0][1:], 16)
            out += bytes([value]).decode("utf-8", "surrogateescape")
            place = hexadecimal.end()
        elif text[place] in _ESCAPES:
            out += _ESCAPES[text[place]]
            place += 1
        else:
            out += "\\"
    return out.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape"), False


def formatted(template: str, arguments: list[str]) -> tuple[str, str]:
    """printf: the text, and what was wrong ('' if nothing); arguments are used up in turns."""
    rest = list(arguments)
    out, problem = "", ""
    while True:
        before = len(rest)
        place = 0
        for match in _DIRECTIVE.finditer(template):
            piece, stop = escapes(template[place : match.start()], r"[0-7]{1,3}")
            out += piece
            if stop:
                return out, problem
            place = match.end()
            if match["kind"] == "%":
                out += "%"
                continue
            if match["kind"] not in tuple("sdiuxXocb"):
                return out, f"{match[0]}: invalid format"
            text, wrong, stop = _directive(match, rest)
            out += text
            problem = problem or wrong
            if stop:
                return out, problem
        piece, stop = escapes(template[place:], r"[0-7]{1,3}")
        out += piece
        if stop or not rest or len(rest) == before:
            return out, problem


def _directive(match: re.Match[str], rest: list[str]) -> tuple[str, str, bool]:
    width = (rest.pop(0) if rest else "0") if match["width"] == "*" else match["width"]
    precision = match["precision"]
    if precision == "*":
        precision = rest.pop(0) if rest else "0"
    value = rest.pop(0) if rest else ""
    kind, flags = match["kind"], match["flags"]
    shape = f"%{flags}{width}" + ("" if precision is None else f".{precision}")
    if kind == "b":
        text, stop = escapes(value, r"0?[0-7]{1,3}")
        return f"{shape}s" % text, "", stop
    if kind == "s":
        return f"{shape}s" % value, "", False
    if kind == "c":
        return f"{shape}s" % value[:1], "", False
    number, wrong = 0, ""
    try:
        if value[:1] in ("'", '"'):
            number = ord(value[1:2] or "\0")
        elif value:
            digits = value.lstrip("+-")
            octal = re.fullmatch(r"0[0-7]+", digits)
            number = int(digits, 8 if octal else 0) * (-1 if value[0] == "-" else 1)
    except ValueError:
        wrong = f"invalid number '{value}'"
    return f"{shape}{'d' if kind in 'iu' else kind}" % number, wrong, False
