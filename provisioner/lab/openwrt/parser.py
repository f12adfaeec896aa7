"""Parses shell text into the syntax tree; refuses what ash refuses."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lab.openwrt.lexer import Lexer, Token, is_name, unquoted
from provisioner.lab.openwrt.syntax import (
    AndOr,
    Background,
    Case,
    Command,
    For,
    Function,
    If,
    Literal,
    Loop,
    Pipeline,
    Redirected,
    Redirection,
    Sequence,
    ShellSyntaxError,
    Simple,
    Subshell,
    Word,
)

_RESERVED = frozenset(
    "if then elif else fi for do done while until case esac in { } !".split()  # noqa: SIM905
)
_REDIRECTIONS = frozenset({"<", ">", ">>", ">|", "<&", ">&", "<<", "<<-", "<>"})


def lines(text: str) -> Iterator[Sequence]:
    """The program line by line, as a shell reads it: what precedes an error is carried out.

    Raises ShellSyntaxError.
    """
    parser = Parser(Lexer(text, _nested))
    while (line := parser.line()) is not None:
        yield line


def _nested(lexer: Lexer) -> Sequence:
    parser = Parser(lexer)
    program = parser.sequence()
    if parser.token.text != ")" or parser.token.kind != "operator":
        raise parser.unexpected()
    return program


class Parser:
    """Recursive descent over a lexer's tokens, one token ahead."""

    def __init__(self, lexer: Lexer) -> None:
        self._lexer = lexer
        self._token: Token | None = None
        self._end = 0

    @property
    def token(self) -> Token:
        """The token to come; cut only when asked for, so that lines run one by one."""
        if self._token is None:
            self._token = self._lexer.token()
        return self._token

    # ------------------------------------------------------------------ tokens

    def unexpected(self, wanted: str = "") -> ShellSyntaxError:
        bare = self.token.kind in ("newline", "end")
        text = f"unexpected {self.token.text}" if bare else f'unexpected "{self.token.text}"'
        if wanted:
            text += f' (expecting "{wanted}")'
        return ShellSyntaxError(text, self.token.line, self.token.kind == "end")

    def _next(self) -> Token:
        taken = self.token
        self._end = self._lexer.position
        self._token = None
        return taken

    def _operator(self, *texts: str) -> bool:
        return self.token.kind == "operator" and self.token.text in texts

    def _reserved(self, *texts: str) -> bool:
        if self.token.kind != "word":
            return False
        text = unquoted(self.token.word)
        return text in _RESERVED and text in texts

    def _expect(self, text: str) -> None:
        if not (self._reserved(text) or self._operator(text)):
            raise self.unexpected(text)
        self._next()

    def _skip_newlines(self) -> None:
        while self.token.kind == "newline":
            self._next()

    # ------------------------------------------------------------------ lists

    def line(self) -> Sequence | None:
        """The commands up to the end of a line; None at the end of the text."""
        self._skip_newlines()
        if self.token.kind == "end":
            return None
        found = Sequence()
        while self.token.kind not in ("newline", "end"):
            found.commands.append(self._terminated())
        return found

    def sequence(self) -> Sequence:
        """Commands up to a word or operator that cannot start one."""
        found = Sequence()
        self._skip_newlines()
        while not self._ends_sequence():
            found.commands.append(self._terminated())
            self._skip_newlines()
        return found

    def _terminated(self) -> Command:
        command = self._and_or()
        if self._operator("&"):
            self._next()
            return Background(command)
        if self._operator(";"):
            self._next()
        elif self.token.kind != "newline" and not self._ends_sequence():
            raise self.unexpected()
        return command

    def _ends_sequence(self) -> bool:
        return (
            self.token.kind == "end"
            or self._operator(")", ";;")
            or self._reserved("then", "elif", "else", "fi", "do", "done", "esac", "}")
        )

    def _body(self, *ends: str) -> Sequence:
        """A list that must not be empty and that one of these words ends."""
        found = self.sequence()
        if not found.commands or not (self._reserved(*ends) or self._operator(*ends)):
            raise self.unexpected(ends[0] if len(ends) == 1 and found.commands else "")
        return found

    def _and_or(self) -> Command:
        first = self._pipeline()
        rest: list[tuple[str, Command]] = []
        while self._operator("&&", "||"):
            operator = self._next().text
            self._skip_newlines()
            rest.append((operator, self._pipeline()))
        return AndOr(first, rest) if rest else first

    def _pipeline(self) -> Command:
        negated = False
        while self._reserved("!"):
            self._next()
            negated = not negated
        commands = [self._command()]
        while self._operator("|"):
            self._next()
            self._skip_newlines()
            commands.append(self._command())
        return commands[0] if len(commands) == 1 and not negated else Pipeline(commands, negated)

    # ------------------------------------------------------------------ commands

    def _command(self) -> Command:
        compound = self._compound()
        if compound is None:
            return self._simple()
        redirections: list[Redirection] = []
        while (redirection := self._redirection()) is not None:
            redirections.append(redirection)
        return Redirected(compound, redirections) if redirections else compound

    def _compound(self) -> Command | None:
        if self._operator("("):
            self._next()
            body = self._body(")")
            self._next()
            return Subshell(body)
        if not self._reserved("{", "if", "while", "until", "for", "case"):
            return None
        word = self._next().text
        if word == "{":
            body = self._body("}")
            self._next()
            return body
        if word == "if":
            return self._if()
        if word == "for":
            return self._for()
        if word == "case":
            return self._case()
        condition = self._body("do")
        return Loop(condition, word == "until", self._do())

    def _do(self) -> Sequence:
        self._expect("do")
        body = self._body("done")
        self._next()
        return body

    def _if(self) -> Command:
        branches: list[tuple[Sequence, Sequence]] = []
        while True:
            condition = self._body("then")
            self._next()
            branches.append((condition, self._body("elif", "else", "fi")))
            if not self._reserved("elif"):
                break
            self._next()
        otherwise = None
        if self._reserved("else"):
            self._next()
            otherwise = self._body("fi")
        self._expect("fi")
        return If(branches, otherwise)

    def _for(self) -> Command:
        name = unquoted(self.token.word) if self.token.kind == "word" else None
        if name is None or not is_name(name):
            raise ShellSyntaxError("bad for loop variable", self.token.line)
        self._next()
        words: list[Word] | None = None
        newlines = self.token.kind == "newline"
        self._skip_newlines()
        if self._reserved("in"):
            self._next()
            words = []
            while self.token.kind in ("word", "number"):
                words.append(self._next().word)
            if not self._operator(";") and self.token.kind != "newline":
                raise self.unexpected()
            self._next()
        elif self._operator(";") and not newlines:
            self._next()
        self._skip_newlines()
        return For(name, words, self._do())

    def _case(self) -> Command:
        if self.token.kind != "word":
            raise self.unexpected()
        subject = self._next().word
        self._skip_newlines()
        self._expect("in")
        self._skip_newlines()
        arms: list[tuple[list[Word], Sequence]] = []
        while not self._reserved("esac"):
            if self._operator("("):
                self._next()
            patterns: list[Word] = []
            while True:
                if self.token.kind != "word":
                    raise self.unexpected()
                patterns.append(self._next().word)
                if not self._operator("|"):
                    break
                self._next()
            self._expect(")")
            arms.append((patterns, self.sequence()))
            if self._operator(";;"):
                self._next()
            elif not self._reserved("esac"):
                raise self.unexpected(";;")
            self._skip_newlines()
        self._next()
        return Case(subject, arms)

    def _simple(self) -> Command:
        start = self.token.start
        simple = Simple(self.token.line)
        while True:
            redirection = self._redirection()
            if redirection is not None:
                simple.redirections.append(redirection)
            elif self.token.kind == "word":
                assignment = None if simple.words else _assignment(self.token.word)
                if assignment is not None:
                    simple.assignments.append(assignment)
                    self._next()
                    continue
                if not simple.words and self._reserved(*_RESERVED - {"in"}):
                    raise self.unexpected()
                word = self._next()
                simple.words.append(word.word)
                if len(simple.words) == 1 and self._operator("(") and not simple.assignments:
                    return self._function(word)
            else:
                break
        if not (simple.words or simple.assignments or simple.redirections):
            raise self.unexpected()
        simple.source = self._lexer.text[start : self._end].strip()
        return simple

    def _function(self, word: Token) -> Command:
        name = unquoted(word.word)
        if name is None or not is_name(name.replace("-", "_").replace(".", "_")):
            raise ShellSyntaxError("bad function name", word.line)
        self._next()
        self._expect(")")
        self._skip_newlines()
        return Function(name, self._command())

    def _redirection(self) -> Redirection | None:
        fd: int | None = None
        if self.token.kind == "number":
            fd = int(self._next().text)
        if not self._operator(*_REDIRECTIONS):
            return None
        operator = self._next().text
        if self.token.kind not in ("word", "number"):
            raise self.unexpected()
        word = self.token.word
        default = 0 if operator.startswith("<") else 1
        redirection = Redirection(default if fd is None else fd, operator, word)
        if operator.startswith("<<"):
            redirection.operator = "<<"
            plain = unquoted(word)
            delimiter = "".join(part.text for part in word if isinstance(part, Literal))
            document = (redirection, delimiter, operator == "<<-", plain is None)
            self._lexer.documents.append(document)
        self._next()
        return redirection


def _assignment(word: Word) -> tuple[str, Word] | None:
    first = word[0] if word else None
    if not isinstance(first, Literal) or first.quoted or "=" not in first.text:
        return None
    name, _, value = first.text.partition("=")
    if not is_name(name):
        return None
    return name, (*((Literal(value),) if value else ()), *word[1:])
