"""``test`` and ``[``."""

from __future__ import annotations

from provisioner.lab.openwrt.filesystem import (
    Directory,
    File,
    FileSystem,
    Link,
    Special,
    normal,
)


class TestError(Exception):
    """What was asked is no condition."""

    __test__ = False


_NUMBERS = {
    "-eq": lambda a, b: a == b, "-ne": lambda a, b: a != b, "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b, "-gt": lambda a, b: a > b, "-ge": lambda a, b: a >= b,
}  # fmt: skip
_STRINGS = {
    "=": lambda a, b: a == b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b, ">": lambda a, b: a > b,
}  # fmt: skip
_TIMES = frozenset({"-nt", "-ot", "-ef"})
_UNARY = frozenset("-n -z -e -f -d -h -L -s -r -w -x -p -S -b -c -t".split())  # noqa: SIM905


def holds(files: FileSystem, here: str, words: list[str]) -> bool:
    """Whether a condition holds; raises TestError."""
    reader = _Condition(files, here, words)
    if not words:
        return False
    value = reader.one() if len(words) <= 4 else None
    if value is None:
        value = reader.either()
        if reader.words:
            raise TestError(f"{reader.words[0]}: unknown operand")
    return value


class _Condition:
    def __init__(self, files: FileSystem, here: str, words: list[str]) -> None:
        self._files = files
        self._here = here
        self.words = list(words)

    def one(self) -> bool | None:
        """POSIX's rules for up to four words; None where the grammar must decide."""
        words = self.words
        if len(words) == 1:
            return words[0] != ""
        if len(words) == 2:
            if words[0] == "!":
                return words[1] == ""
            if words[0] in _UNARY:
                return self._file(*words)
            raise TestError(f"{words[0]}: unknown operand")
        if len(words) == 3 and self._is_binary(words[1]):
            return self._compare(*words)
        if words[0] == "!":
            inner = holds(self._files, self._here, words[1:])
            return not inner
        if len(words) == 3 and words[0] == "(" and words[2] == ")":
            return words[1] != ""
        return None

    def either(self) -> bool:
        value = self._both()
        while self.words and self.words[0] == "-o":
            self.words.pop(0)
            value = self._both() or value
        return value

    def _both(self) -> bool:
        value = self._not()
        while self.words and self.words[0] == "-a":
            self.words.pop(0)
            value = self._not() and value
        return value

    def _not(self) -> bool:
        if not self.words:
            raise TestError("argument expected")
        if self.words[0] == "!":
            self.words.pop(0)
            return not self._not()
        if self.words[0] == "(":
            self.words.pop(0)
            value = self.either()
            if not self.words or self.words.pop(0) != ")":
                raise TestError("closing paren expected")
            return value
        if len(self.words) >= 3 and self._is_binary(self.words[1]):
            left, operator, right = self.words[:3]
            del self.words[:3]
            return self._compare(left, operator, right)
        if self.words[0] in _UNARY and len(self.words) >= 2:
            operator, operand = self.words[:2]
            del self.words[:2]
            return self._file(operator, operand)
        return self.words.pop(0) != ""

    @staticmethod
    def _is_binary(word: str) -> bool:
        return word in _NUMBERS or word in _STRINGS or word in _TIMES

    def _compare(self, left: str, operator: str, right: str) -> bool:
        if operator in _NUMBERS:
            return bool(_NUMBERS[operator](_number(left), _number(right)))
        if operator in _STRINGS:
            return bool(_STRINGS[operator](left, right))
        one = self._files.find(normal(left, self._here))
        other = self._files.find(normal(right, self._here))
        if operator == "-ef":
            return one is other and one is not None
        before, after = (other, one) if operator == "-nt" else (one, other)
        return after is not None and (before is None or before.changed < after.changed)

    def _file(self, operator: str, operand: str) -> bool:
        if operator in ("-n", "-z"):
            return (operand != "") == (operator == "-n")
        if operator in ("-t", "-p", "-S", "-b"):
            return False
        follow = operator not in ("-h", "-L")
        node = self._files.find(normal(operand, self._here), follow) if operand else None
        if node is None:
            return False
        if operator in ("-h", "-L"):
            return isinstance(node, Link)
        if operator == "-f":
            return isinstance(node, File) or (isinstance(node, Special) and "/dev/" not in operand)
        if operator == "-d":
            return isinstance(node, Directory)
        if operator == "-s":
            return not isinstance(node, File) or bool(node.data)
        if operator == "-c":
            return not isinstance(node, File | Directory | Link)
        return operator != "-x" or isinstance(node, Directory) or bool(node.mode & 0o111)


def _number(text: str) -> int:
    try:
        return int(text.strip())
    except ValueError:
        raise TestError(f"{text}: bad number") from None
