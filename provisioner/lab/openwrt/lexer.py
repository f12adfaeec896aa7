"""Cuts shell text into tokens as POSIX does; knows quoting and every kind of expansion."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from provisioner.lab.openwrt.syntax import (
    Arithmetic,
    Literal,
    Parameter,
    Part,
    Redirection,
    Sequence,
    ShellSyntaxError,
    Substitution,
    Word,
)

_OPERATORS = (
    "<<-", "<<", "<&", "<>", "<", ">>", ">&", ">|", ">", "&&", "&", "||", "|", ";;", ";", "(", ")",
)  # fmt: skip
_ENDS_WORD = frozenset(" \t\n;&|<>()")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]")
_FORMS = (":-", ":=", ":?", ":+", "-", "=", "?", "+", "##", "#", "%%", "%")
_PATTERN_FORMS = frozenset({"#", "##", "%", "%%"})


@dataclass
class Token:
    """``kind`` is word, operator, number (of a redirection), newline or end."""

    kind: str
    text: str
    line: int
    start: int
    word: Word = ()


class Lexer:
    """Tokens of one text, read on demand; ``nested`` parses the inside of ``$(``."""

    def __init__(self, text: str, nested: Callable[[Lexer], Sequence]) -> None:
        self.text = text
        self.position = 0
        self.line = 1
        self._nested = nested
        self.documents: list[tuple[Redirection, str, bool, bool]] = []
        """Here-documents whose text comes after this line: redirection, delimiter, tabs, quoted."""

    def token(self) -> Token:
        """The next token; raises ShellSyntaxError for an unterminated quote or expansion."""
        self._skip_blanks()
        start, line = self.position, self.line
        if start >= len(self.text):
            self._read_documents()
            return Token("end", "end of file", line, start)
        if self.text[start] == "\n":
            self._advance(1)
            self._read_documents()
            return Token("newline", "newline", line, start)
        for operator in _OPERATORS:
            if self.text.startswith(operator, start):
                self._advance(len(operator))
                return Token("operator", operator, line, start)
        word = self._word()
        text = self.text[start : self.position]
        kind = "number" if text.isdigit() and self._peek() in "<>" and self._peek() else "word"
        return Token(kind, text, line, start, word)

    # ------------------------------------------------------------------ characters

    def _peek(self, ahead: int = 0) -> str:
        return self.text[self.position + ahead : self.position + ahead + 1]

    def _advance(self, count: int) -> str:
        taken = self.text[self.position : self.position + count]
        self.position += count
        self.line += taken.count("\n")
        return taken

    def _skip_blanks(self) -> None:
        while True:
            if self._peek() in (" ", "\t"):
                self.position += 1
            elif self.text.startswith("\\\n", self.position):
                self._advance(2)
            elif self._peek() == "#":
                while self._peek() not in ("", "\n"):
                    self.position += 1
            else:
                return

    def _fail(self, what: str, line: int) -> ShellSyntaxError:
        return ShellSyntaxError(f"unterminated {what}", line, at_end=True)

    # ------------------------------------------------------------------ words

    def _word(self) -> Word:
        parts: list[Part] = []
        while (char := self._peek()) and char not in _ENDS_WORD:
            if char == "\\":
                self._advance(1)
                escaped = self._advance(1)
                if escaped != "\n":
                    parts.append(Literal(escaped or "\\", quoted=True))
            else:
                self._piece(parts)
        return _joined(parts)

    def _piece(self, parts: list[Part]) -> None:
        """One quote, expansion or plain character outside double quotes."""
        char, line = self._peek(), self.line
        if char == "'":
            end = self.text.find("'", self.position + 1)
            if end < 0:
                raise self._fail("quoted string", line)
            parts.append(Literal(self._advance(end + 1 - self.position)[1:-1], quoted=True))
        elif char == '"':
            parts.extend(self._double_quoted())
        elif char in "$`":
            parts.append(self._expansion(quoted=False))
        else:
            parts.append(Literal(self._advance(1)))

    def _double_quoted(self) -> list[Part]:
        line = self.line
        self._advance(1)
        parts: list[Part] = [Literal("", quoted=True)]
        while self._peek() != '"':
            if not self._peek():
                raise self._fail("quoted string", line)
            self._quoted_piece(parts, '$`"\\')
        self._advance(1)
        return parts

    def _quoted_piece(self, parts: list[Part], escapable: str) -> None:
        char = self._peek()
        if char == "\\":
            self._advance(1)
            escaped = self._peek()
            if escaped == "\n":
                self._advance(1)
            elif escaped and escaped in escapable:
                parts.append(Literal(self._advance(1), quoted=True))
            else:
                parts.append(Literal("\\", quoted=True))
        elif char in "$`":
            parts.append(self._expansion(quoted=True))
        else:
            parts.append(Literal(self._advance(1), quoted=True))

    def _expansion(self, quoted: bool) -> Part:
        line = self.line
        if self._peek() == "`":
            return self._backquoted(quoted)
        if self.text.startswith("$((", self.position):
            found = self._arithmetic(quoted)
            if found is not None:
                return found
        if self.text.startswith("$(", self.position):
            self._advance(2)
            pending, self.documents = self.documents, []
            program = self._nested(self)
            self.documents = pending
            return Substitution(program, quoted)
        if self.text.startswith("${", self.position):
            return self._braced(quoted, line)
        match = _PARAMETER.match(self.text, self.position + 1)
        if match is None:
            self._advance(1)
            return Literal("$", quoted)
        name = match[0][0] if match[0].isdigit() else match[0]
        self._advance(1 + len(name))
        return Parameter(name, "", (), quoted)

    def _backquoted(self, quoted: bool) -> Part:
        line = self.line
        self._advance(1)
        text = ""
        while (char := self._advance(1)) != "`":
            if not char:
                raise self._fail("backquote", line)
            if char == "\\" and self._peek() in ("$", "`", "\\", '"' if quoted else "$"):
                char = self._advance(1)
            text += char
        inner = Lexer(text + ")", self._nested)
        inner.line = line
        program = self._nested(inner)
        if inner.position < len(inner.text):
            raise ShellSyntaxError('unexpected ")"', line)
        return Substitution(program, quoted)

    def _arithmetic(self, quoted: bool) -> Part | None:
        """``$((...))``, or None where it is a subshell inside a substitution."""
        depth, place = 0, self.position + 3
        while place < len(self.text):
            char = self.text[place]
            if char == ")" and depth == 0:
                if self.text[place + 1 : place + 2] != ")":
                    return None
                break
            depth += (char == "(") - (char == ")")
            place += 1
        else:
            raise self._fail("arithmetic", self.line)
        inside = Lexer(self.text[self.position + 3 : place], self._nested)
        inside.line = self.line
        parts: list[Part] = []
        while inside._peek():
            inside._quoted_piece(parts, "$`\\")
        self._advance(place + 2 - self.position)
        return Arithmetic(_joined(parts), quoted)

    def _braced(self, quoted: bool, line: int) -> Part:
        self._advance(2)
        bad = ShellSyntaxError("bad substitution", line)
        if self._peek() == "#" and self._peek(1) not in ("}", "#", "%", "-", "=", "+", ":", "?"):
            self._advance(1)
            match = _PARAMETER.match(self.text, self.position)
            if match is None or self.text[match.end() : match.end() + 1] != "}":
                raise bad
            self._advance(len(match[0]) + 1)
            return Parameter(match[0], "len", (), quoted)
        match = _PARAMETER.match(self.text, self.position)
        if match is None:
            raise bad
        name = self._advance(len(match[0]))
        if self._peek() == "}":
            self._advance(1)
            return Parameter(name, "", (), quoted)
        for form in _FORMS:
            if self.text.startswith(form, self.position):
                self._advance(len(form))
                inside_quotes = quoted and form not in _PATTERN_FORMS
                return Parameter(name, form, self._inside_braces(inside_quotes, line), quoted)
        raise bad if self._peek() else self._fail("expansion", line)

    def _inside_braces(self, quoted: bool, line: int) -> Word:
        parts: list[Part] = []
        while self._peek() != "}":
            if not self._peek():
                raise self._fail("expansion", line)
            if quoted and self._peek() != '"':
                self._quoted_piece(parts, '$`"\\}')
            elif not quoted and self._peek() == "\\":
                self._advance(1)
                escaped = self._advance(1)
                if escaped != "\n":
                    parts.append(Literal(escaped, quoted=True))
            else:
                self._piece(parts)
        self._advance(1)
        return _joined(parts)

    # ------------------------------------------------------------------ here-documents

    def _read_documents(self) -> None:
        pending, self.documents = self.documents, []
        for redirection, delimiter, strip, quoted in pending:
            lines: list[str] = []
            while self.position < len(self.text):
                end = self.text.find("\n", self.position)
                end = len(self.text) if end < 0 else end + 1
                line = self._advance(end - self.position)
                if strip:
                    line = line.lstrip("\t")
                if line.removesuffix("\n") == delimiter:
                    break
                lines.append(line)
            text = "".join(lines)
            if quoted:
                redirection.target = (Literal(text, quoted=True),)
                continue
            inside = Lexer(text, self._nested)
            parts: list[Part] = []
            while inside._peek():
                inside._quoted_piece(parts, "$`\\")
            redirection.target = _joined(parts)


def is_name(text: str) -> bool:
    """Whether a variable or function may be called that."""
    return _NAME.fullmatch(text) is not None


def unquoted(word: Word) -> str | None:
    """A word's text if no part of it is quoted or expanded; None otherwise."""
    if all(isinstance(part, Literal) and not part.quoted for part in word):
        return "".join(part.text for part in word if isinstance(part, Literal))
    return None


def _joined(parts: list[Part]) -> Word:
    """Neighbouring characters of one kind as one part."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, Literal) and isinstance(last, Literal) and part.quoted == last.quoted:
            joined[-1] = replace(last, text=last.text + part.text)
        else:
            joined.append(part)
    return tuple(joined)
