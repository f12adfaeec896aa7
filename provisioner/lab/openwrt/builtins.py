"""The commands that are part of the shell itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from types import MappingProxyType

from provisioner.lab.openwrt import testing
from provisioner.lab.openwrt.calling import Builtin, located, program
from provisioner.lab.openwrt.endings import ExitShell, LeaveLoop, ReturnFrom, ShellError
from provisioner.lab.openwrt.filesystem import FileError, normal
from provisioner.lab.openwrt.formats import escapes, formatted
from provisioner.lab.openwrt.lexer import is_name
from provisioner.lab.openwrt.reading import read
from provisioner.lab.openwrt.shell import Shell
from provisioner.lab.openwrt.system import SIGNALS

_NUMBERS = {number: name for name, number in SIGNALS.items()}

_LONG_OPTIONS = {"errexit": "e", "nounset": "u", "xtrace": "x", "noglob": "f"}


def _number(text: str) -> int:
    if not text.isdigit():
        raise ShellError(f"Illegal number: {text}")
    return int(text)


async def _nothing(shell: Shell, arguments: list[str]) -> int:
    return 0


async def _false(shell: Shell, arguments: list[str]) -> int:
    return 1


async def _echo(shell: Shell, arguments: list[str]) -> int:
    newline, backslashes = "\n", False
    while arguments and arguments[0][:1] == "-" and set(arguments[0][1:]) <= set("neE"):
        if arguments[0] == "-":
            break
        if "n" in arguments[0]:
            newline = ""
        backslashes = "e" in arguments[0] or (backslashes and "E" not in arguments[0])
        arguments = arguments[1:]
    text = " ".join(arguments)
    if backslashes:
        text, stop = escapes(text)
        newline = "" if stop else newline
    shell.write(1, text + newline)
    return 0


async def _printf(shell: Shell, arguments: list[str]) -> int:
    if not arguments:
        shell.complain("printf: usage: printf FORMAT [ARG]...")
        return 2
    text, problem = formatted(arguments[0], arguments[1:])
    shell.write(1, text)
    if problem:
        shell.write(2, f"printf: {problem}\n")
    return int(bool(problem))


async def _test(shell: Shell, arguments: list[str]) -> int:
    try:
        return int(not testing.holds(shell.files, shell.here, arguments))
    except testing.TestError as error:
        shell.complain(str(error))
        return 2


async def _bracket(shell: Shell, arguments: list[str]) -> int:
    if not arguments or arguments[-1] != "]":
        shell.complain("missing ]")
        return 2
    return await _test(shell, arguments[:-1])


async def _cd(shell: Shell, arguments: list[str]) -> int:
    target = arguments[0] if arguments else shell.get("HOME") or "/"
    if target == "-":
        target = shell.get("OLDPWD") or "/"
    path = normal(target, shell.here)
    if not shell.files.is_directory(path):
        shell.complain(f"cd: can't cd to {target}: No such file or directory")
        return 2
    shell.variables["OLDPWD"] = shell.here
    shell.here = shell.variables["PWD"] = path
    return 0


async def _pwd(shell: Shell, arguments: list[str]) -> int:
    shell.write(1, shell.here + "\n")
    return 0


async def _export(shell: Shell, arguments: list[str]) -> int:
    if not [argument for argument in arguments if argument != "-p"]:
        for name in sorted(shell.exported & set(shell.variables)):
            shell.write(1, f"export {name}={_quoted(shell.variables[name])}\n")
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if argument == "-p":
            continue
        _named(name, "export")
        if equals:
            shell.put(name, value)
        shell.exported.add(name)
    return 0


async def _readonly(shell: Shell, arguments: list[str]) -> int:
    for argument in arguments:
        name, equals, value = argument.partition("=")
        _named(name, "readonly")
        if equals:
            shell.put(name, value)
        shell.readonly.add(name)
    return 0


async def _local(shell: Shell, arguments: list[str]) -> int:
    if not shell.locals:
        raise ShellError("local: not in a function")
    for argument in arguments:
        name, equals, value = argument.partition("=")
        _named(name, "local")
        shell.locals[-1].setdefault(name, shell.variables.get(name))
        if equals:
            shell.put(name, value)
        else:
            shell.variables.pop(name, None)
    return 0


def _named(name: str, by: str) -> None:
    if not is_name(name):
        raise ShellError(f"{by}: {name}: bad variable name")


async def _unset(shell: Shell, arguments: list[str]) -> int:
    functions = arguments[:1] == ["-f"]
    for name in arguments[1 if arguments[:1] in (["-f"], ["-v"]) else 0 :]:
        if functions:
            shell.functions.pop(name, None)
        elif name in shell.readonly:
            raise ShellError(f"{name}: is read only")
        else:
            shell.variables.pop(name, None)
            shell.exported.discard(name)
    return 0


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'"


async def _set(shell: Shell, arguments: list[str]) -> int:
    if not arguments:
        for name in sorted(shell.variables):
            shell.write(1, f"{name}={_quoted(shell.variables[name])}\n")
        return 0
    rest = list(arguments)
    while rest and rest[0][:1] in ("-", "+") and len(rest[0]) > 1:
        option = rest.pop(0)
        if option == "--":
            shell.parameters = rest
            return 0
        for letter in option[1:]:
            if letter == "o":
                name = rest.pop(0) if rest else ""
                if name == "pipefail":
                    raise ShellError("set: illegal option -o pipefail")
                letter = _LONG_OPTIONS.get(name, "")
            if not letter or letter not in "aefmuxCnv":
                raise ShellError(f"set: illegal option {option}")
            (shell.flags.add if option[0] == "-" else shell.flags.discard)(letter)
    if rest:
        shell.parameters = rest
    return 0


async def _shift(shell: Shell, arguments: list[str]) -> int:
    count = _number(arguments[0]) if arguments else 1
    if count > len(shell.parameters):
        return 1
    shell.parameters = shell.parameters[count:]
    return 0


async def _exit(shell: Shell, arguments: list[str]) -> int:
    raise ExitShell(_number(arguments[0]) & 255 if arguments else shell.status)


async def _return(shell: Shell, arguments: list[str]) -> int:
    raise ReturnFrom(_number(arguments[0]) & 255 if arguments else shell.status)


async def _break(shell: Shell, arguments: list[str]) -> int:
    return _leave(shell, arguments, again=False)


async def _continue(shell: Shell, arguments: list[str]) -> int:
    return _leave(shell, arguments, again=True)


def _leave(shell: Shell, arguments: list[str], again: bool) -> int:
    levels = _number(arguments[0]) if arguments else 1
    if shell.loops == 0:
        return 0
    raise LeaveLoop(min(levels, shell.loops), again)


async def _eval(shell: Shell, arguments: list[str]) -> int:
    shell.status = 0
    return await shell.text(" ".join(arguments))


async def _dot(shell: Shell, arguments: list[str]) -> int:
    if not arguments:
        raise ShellError(".: filename argument required")
    name = arguments[0]
    path = normal(name, shell.here) if "/" in name else located(shell, name) or ""
    try:
        text = shell.files.read(path).decode("utf-8", "surrogateescape")
    except FileError:
        raise ShellError(f".: can't open '{name}': No such file or directory") from None
    shell.status = 0
    try:
        return await shell.text(text)
    except ReturnFrom as left:
        return left.status


async def _trap(shell: Shell, arguments: list[str]) -> int:
    rest = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not rest:
        for name, action in shell.traps.items():
            shell.write(1, f"trap -- {_quoted(action)} {name}\n")
        return 0
    action = "-" if len(rest) == 1 else rest[0]
    for word in rest[1:] if len(rest) > 1 else rest:
        name = "EXIT" if word == "0" else _NUMBERS.get(int(word), "") if word.isdigit() else word
        name = name.removeprefix("SIG")
        if name != "EXIT" and name not in SIGNALS:
            raise ShellError(f"trap: {word}: invalid signal specification")
        if action == "-":
            shell.traps.pop(name, None)
        else:
            shell.traps[name] = action
    return 0


async def _wait(shell: Shell, arguments: list[str]) -> int:
    status = 0
    for pid in [_number(argument) for argument in arguments] or list(shell.children):
        process = shell.children.pop(pid, None)
        if process is None or process.task is None:
            status = 127
            continue
        await asyncio.wait([process.task])
        status = 143 if process.task.cancelled() else process.task.result()
    return status if arguments else 0


async def _kill(shell: Shell, arguments: list[str]) -> int:
    name, rest = "TERM", list(arguments)
    if rest and rest[0].startswith("-") and rest[0] != "--":
        option = rest.pop(0)[1:]
        name = (rest.pop(0) if rest else "") if option == "s" else option
        if name == "l":
            shell.write(1, " ".join(SIGNALS) + "\n")
            return 0
    elif rest[:1] == ["--"]:
        rest.pop(0)
    name = name.removeprefix("SIG")
    name = _NUMBERS.get(int(name), name) if name.isdigit() else name
    if name != "0" and name not in SIGNALS:
        raise ShellError(f"kill: bad signal name '{name}'")
    status = 0
    for word in rest:
        digits = word.removeprefix("-")
        if not digits.isdigit():
            shell.write(2, f"ash: invalid number '{word}'\n")
            status = 1
        elif not shell.system.signal(int(digits), name):
            shell.write(2, f"ash: can't kill pid {word}: No such process\n")
            status = 1
    return status


async def _command(shell: Shell, arguments: list[str]) -> int:
    if arguments[:1] in (["-v"], ["-V"]):
        name = arguments[1] if len(arguments) > 1 else ""
        if name in shell.functions or name in shell.system.builtins:
            shell.write(1, name + "\n")
            return 0
        path = located(shell, name) if name else None
        if path is None:
            return 127
        shell.write(1, path + "\n")
        return 0
    rest = arguments[1:] if arguments[:1] in (["-p"], ["--"]) else arguments
    if not rest:
        return 0
    builtin = shell.system.builtins.get(rest[0])
    return await (builtin(shell, rest[1:]) if builtin else program(shell, rest))


async def _type(shell: Shell, arguments: list[str]) -> int:
    status = 0
    for name in arguments:
        path = located(shell, name)
        if name in shell.functions:
            shell.write(1, f"{name} is a function\n")
        elif name in shell.system.builtins:
            shell.write(1, f"{name} is a shell builtin\n")
        elif path is not None:
            shell.write(1, f"{name} is {path}\n")
        else:
            shell.write(1, f"{name}: not found\n")
            status = 127
    return status


async def _umask(shell: Shell, arguments: list[str]) -> int:
    if not arguments:
        shell.write(1, f"{shell.umask:04o}\n")
    elif not re.fullmatch(r"[0-7]{1,4}", arguments[0]):
        raise ShellError(f"umask: Illegal mode: {arguments[0]}")
    else:
        shell.umask = int(arguments[0], 8)
    return 0


BUILTINS: Mapping[str, Builtin] = MappingProxyType(
    {
        ":": _nothing, "true": _nothing, "false": _false, "echo": _echo, "printf": _printf,
        "test": _test, "[": _bracket, "cd": _cd, "pwd": _pwd, "export": _export,
        "readonly": _readonly, "local": _local, "unset": _unset, "set": _set, "shift": _shift,
        "exit": _exit, "return": _return, "break": _break, "continue": _continue, "eval": _eval,
        ".": _dot, "source": _dot, "trap": _trap, "read": read, "wait": _wait, "kill": _kill,
        "command": _command, "type": _type, "umask": _umask, "exec": _nothing,
    }
)  # fmt: skip
