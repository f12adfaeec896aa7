"""Evaluates the inside of ``$(( ))``: 64-bit integers, C's operators, variables by name."""

from __future__ import annotations

import re
from collections.abc import Callable

_TOKEN = re.compile(
    r"\s*(?:(0[xX][0-9a-fA-F]+|[0-9]+)|([A-Za-z_]\w*)"
    r"|(<<=|>>=|&&|\|\||[<>=!+\-*/%&|^]=|<<|>>|[-+*/%<>=!~&|^?:(),]))"
)
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", "<=", ">", ">="),
    ("<<", ">>"), ("+", "-"), ("*", "/", "%"),
)  # fmt: skip
_ASSIGN = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^="})


class ArithmeticError_(Exception):  # noqa: N801 - the built-in's name is taken
    """The expression is none, or divides by zero."""


def evaluate(text: str, get: Callable[[str], str], put: Callable[[str, str], None]) -> int:
    """The value of an expression; an unset or empty variable is 0. Raises ArithmeticError_."""
    tokens: list[str] = []
    place = 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise ArithmeticError_("arithmetic syntax error")
        tokens.append(match[0].strip())
        place = match.end()
    reader = _Reader(tokens, get, put)
    if not tokens:
        return 0
    value = reader.assignment()
    if reader.tokens:
        raise ArithmeticError_("arithmetic syntax error")
    return value


class _Reader:
    def __init__(
        self, tokens: list[str], get: Callable[[str], str], put: Callable[[str, str], None]
    ) -> None:
        self.tokens = tokens
        self._get = get
        self._put = put

    def _accept(self, *wanted: str) -> str | None:
        if self.tokens and self.tokens[0] in wanted:
            return self.tokens.pop(0)
        return None

    def assignment(self) -> int:
        if len(self.tokens) > 1 and self.tokens[1] in _ASSIGN and self.tokens[0][0].isalpha():
            name, operator = self.tokens[:2]
            del self.tokens[:2]
            value = self.assignment()
            if operator != "=":
                value = _apply(operator[:-1], self._number(name), value)
            self._put(name, str(value))
            return value
        condition = self._binary(0)
        if self._accept("?"):
            yes = self.assignment()
            if not self._accept(":"):
                raise ArithmeticError_("arithmetic syntax error")
            no = self.assignment()
            return yes if condition else no
        return condition

    def _binary(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        value = self._binary(level + 1)
        while operator := self._accept(*_LEVELS[level]):
            value = _apply(operator, value, self._binary(level + 1))
        return value

    def _unary(self) -> int:
        operator = self._accept("-", "+", "!", "~")
        if operator == "-":
            return _wrapped(-self._unary())
        if operator == "!":
            return int(not self._unary())
        if operator == "~":
            return ~self._unary()
        if operator == "+":
            return self._unary()
        if self._accept("("):
            value = self.assignment()
            if not self._accept(")"):
                raise ArithmeticError_("arithmetic syntax error")
            return value
        if not self.tokens or not (self.tokens[0][0].isalnum() or self.tokens[0][0] == "_"):
            raise ArithmeticError_("arithmetic syntax error")
        return self._number(self.tokens.pop(0))

    def _number(self, token: str) -> int:
        text = token if token[0].isdigit() else self._get(token).strip() or "0"
        try:
            sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text)
            base = 8 if re.fullmatch(r"0[0-9]+", digits) else 0
            return _wrapped(sign * int(digits, base))
        except ValueError:
            raise ArithmeticError_("arithmetic syntax error") from None


def _apply(operator: str, left: int, right: int) -> int:
    if operator in ("/", "%"):
        if right == 0:
            raise ArithmeticError_("divide by zero")
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return _wrapped(quotient if operator == "/" else left - quotient * right)
    plain: dict[str, Callable[[], int]] = {
        "||": lambda: int(bool(left or right)),
        "&&": lambda: int(bool(left and right)),
        "|": lambda: left | right,
        "^": lambda: left ^ right,
        "&": lambda: left & right,
        "==": lambda: int(left == right),
        "!=": lambda: int(left != right),
        "<": lambda: int(left < right),
        "<=": lambda: int(left <= right),
        ">": lambda: int(left > right),
        ">=": lambda: int(left >= right),
        "<<": lambda: left << (right & 63),
        ">>": lambda: left >> (right & 63),
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
    }
    return _wrapped(plain[operator]())


def _wrapped(value: int) -> int:
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)
