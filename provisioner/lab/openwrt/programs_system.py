"""Programs that look at the machine, its processes and its clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from types import MappingProxyType

from provisioner.lab.openwrt.calling import (
    Call,
    Program,
    UsageError,
    decoded,
    located,
    program,
)
from provisioner.lab.openwrt.filesystem import FileError
from provisioner.lab.openwrt.shell import Shell
from provisioner.lab.openwrt.streams import Descriptors


async def _sleep(call: Call) -> int:
    if not call.arguments:
        raise UsageError("missing operand")
    seconds = 0.0
    for word in call.arguments:
        scale = {"s": 1, "m": 60, "h": 3600, "d": 86400}.get(word[-1:], 0)
        digits = word[:-1] if scale else word
        if not digits.replace(".", "", 1).isdigit():
            raise UsageError(f"invalid number '{digits}'")
        seconds += float(digits) * (scale or 1)
    await call.shell.system.wait(seconds, call.shell.attached)
    return 0


async def _id(call: Call) -> int:
    options, _ = call.options("ugn")
    if options == {"u", "n"}:
        call.out("root\n")
    elif options:
        call.out("0\n")
    else:
        call.out("uid=0(root) gid=0(root) groups=0(root)\n")
    return 0


async def _uname(call: Call) -> int:
    options, _ = call.options("asnrmv")
    facts = {
        "s": "Linux", "n": call.shell.system.hostname(), "r": "5.15.167",
        "v": "#0 SMP Mon Sep 23 12:34:46 2024", "m": "mips",
    }  # fmt: skip
    wanted = "snrvm" if "a" in options else [key for key in "snrvm" if key in options] or "s"
    call.out(" ".join(facts[key] for key in wanted) + "\n")
    return 0


async def _logger(call: Call) -> int:
    words, tag = list(call.arguments), "root"
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in ("-t", "-p"):
            value = words.pop(0)
            tag = value if option == "-t" else tag
    text = " ".join(words) if words else decoded(await call.input()).rstrip("\n")
    call.shell.system.log.append(f"{tag}: {text}")
    return 0


async def _uptime(call: Call) -> int:
    seconds = float(decoded(call.files.read("/proc/uptime")).split()[0])
    call.out(f" {time.strftime('%H:%M:%S', time.gmtime())} up {int(seconds) // 60} min\n")
    return 0


async def _sh(call: Call) -> int:
    """A shell of its own: ``-c TEXT``, a file, or its standard input."""
    system = call.shell.system
    process = system.process((call.name, *call.arguments), call.shell.process)
    process.shell_pid = process.pid
    child = Shell(system, process, call.shell.streams.fork())
    process.shell = child
    child.here, child.attached = call.shell.here, call.shell.attached
    child.umask, child.inner = call.shell.umask, call.shell.inner
    child.exported = set(call.shell.exported)
    child.traps = {name: "" for name, action in call.shell.traps.items() if not action}
    for name in child.exported & set(call.shell.variables):
        child.variables[name] = call.shell.variables[name]
    try:
        return await child.run(lambda: _interpreted(child, call))
    finally:
        system.gone(process)


async def _interpreted(shell: Shell, call: Call) -> int:
    words, text = list(call.arguments), False
    while words and words[0][:1] in ("-", "+") and len(words[0]) > 1:
        option = words.pop(0)
        if option == "--":
            break
        text = text or "c" in option
        letters = option[1:].replace("c", "").replace("l", "").replace("i", "")
        if set(letters) - set("suexfn"):
            raise UsageError(f"illegal option {option}")
        shell.flags |= set(letters.replace("s", ""))
        if "s" in letters:
            shell.parameters = words
            return await shell.text(decoded(await call.input()))
    if text:
        if not words:
            raise UsageError("-c requires an argument")
        shell.name = words[1] if len(words) > 1 else "ash"
        shell.parameters = words[2:]
        return await shell.text(words[0])
    if not words:
        return await shell.text(decoded(await call.input()))
    try:
        program_text = decoded(call.files.read(call.path(words[0])))
    except FileError:
        call.shell.write(2, f"{call.name}: can't open '{words[0]}': No such file or directory\n")
        return 2
    shell.file = words[0]
    shell.parameters = words[1:]
    return await shell.text(program_text)


def _detach(call: Call, words: list[str], streams: Descriptors) -> int:
    """Start a program that runs by itself from now on; its process number."""
    system = call.shell.system
    process = system.process(tuple(words))
    child = call.shell.fork(process)
    child.streams.close()
    child.streams, child.attached, child.tested = streams, False, 0
    child.traps = {name: "" for name, action in child.traps.items() if not action}
    system.start(process, child, lambda: program(child, words))
    return process.pid


async def _start_stop_daemon(call: Call) -> int:
    words = list(call.arguments)
    flags, values = set(), {}
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option == "--":
            break
        for letter in option[1:]:
            if letter in "xpnuacgNsrd":
                if not words:
                    raise UsageError(f"option requires an argument: {letter}")
                values[letter] = words.pop(0)
            elif letter in "SKbqmto":
                flags.add(letter)
            else:
                raise UsageError(f"unrecognized option: {letter}")
    system = call.shell.system
    if not flags & {"S", "K"}:
        raise UsageError("-K or -S needed")
    found = [
        process.pid
        for process in system.processes.values()
        if _is(call, process.pid, process.arguments, values)
    ]
    if "K" in flags:
        for pid in found:
            system.signal(pid, values.get("s", "TERM").removeprefix("SIG"))
        return 0 if found or "o" in flags else 1
    if found:
        if "q" not in flags:
            call.out(f"{values.get('x') or values.get('a')} is already running\n")
        return 0 if "o" in flags else 1
    executable = values.get("a") or values.get("x")
    if not executable or located(call.shell, executable) is None:
        raise UsageError(f"can't execute '{executable}': No such file or directory")
    if "b" not in flags:
        return await program(call.shell, [executable, *words])
    pid = _detach(call, [executable, *words], system.streams())
    if "m" in flags and "p" in values:
        call.files.write(call.path(values["p"]), f"{pid}\n".encode())
    return 0


def _is(call: Call, pid: int, arguments: tuple[str, ...], values: Mapping[str, str]) -> bool:
    """Whether a process is the one that start-stop-daemon looks for."""
    if "p" in values:
        try:
            return decoded(call.files.read(call.path(values["p"]))).strip() == str(pid)
        except FileError:
            return False
    if "n" in values:
        return arguments[0].rpartition("/")[2] == values["n"]
    return "x" in values and arguments[0] == values["x"]


async def _in_front(call: Call) -> int:
    """nohup, env without variables, time: the program as it is."""
    if not call.arguments:
        raise UsageError("missing operand")
    return await program(call.shell, list(call.arguments))


async def _env(call: Call) -> int:
    words = list(call.arguments)
    child = call.shell.fork()
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        child.put(name, value)
        child.exported.add(name)
    if words:
        return await child.run(lambda: program(child, words))
    for name in sorted(child.exported & set(child.variables)):
        call.out(f"{name}={child.variables[name]}\n")
    child.streams.close()
    return 0


async def _lock(call: Call) -> int:
    """``lock FILE`` waits until nobody holds it, ``-n`` does not, ``-u`` lets go."""
    options, paths = call.options("unsw")
    path = call.path(paths[0])
    if "u" in options:
        call.shell.system.locks.discard(path)
        return 0
    while path in call.shell.system.locks:
        if "n" in options:
            return 1
        await call.shell.system.wait(1, call.shell.attached)
    call.shell.system.locks.add(path)
    call.files.write(path, b"")
    return 0


async def _flock(call: Call) -> int:
    """``flock DESCRIPTOR`` holds until the last descriptor of that open file is closed."""
    options, rest = call.options("sxnu")
    stream = call.shell.streams.get(int(rest[0])) if rest and rest[0].isdigit() else None
    path = None if stream is None else stream.path
    if stream is None or path is None:
        raise UsageError(f"{''.join(rest[:1])}: Bad file descriptor")
    held = call.shell.system.held
    if "u" in options:
        held.pop(path, None)
        return 0
    while held.get(path, stream) is not stream and held[path].holders:
        if "n" in options:
            return 1
        await asyncio.sleep(0.02)
    held[path] = stream
    return 0


async def _pidof(call: Call) -> int:
    found = [
        str(process.pid)
        for process in call.shell.system.processes.values()
        if process.arguments[0].rpartition("/")[2] in call.arguments
    ]
    if found:
        call.out(" ".join(reversed(found)) + "\n")
    return int(not found)


async def _killall(call: Call) -> int:
    names = [word for word in call.arguments if not word.startswith("-")]
    found = [
        process.pid
        for process in call.shell.system.processes.values()
        if process.arguments[0].rpartition("/")[2] in names
    ]
    for pid in found:
        call.shell.system.signal(pid, "TERM")
    if not found:
        raise UsageError(f"{' '.join(names)}: no process killed")
    return 0


async def _ps(call: Call) -> int:
    call.out("  PID USER       VSZ STAT COMMAND\n 1 root 1540 S /sbin/procd\n")
    for process in call.shell.system.processes.values():
        call.out(f"{process.pid:5} root      1316 S    {' '.join(process.arguments)}\n")
    return 0


async def _timeout(call: Call) -> int:
    """The program as it is: nothing here takes longer than it should."""
    return await program(call.shell, call.arguments[1:])


async def _which(call: Call) -> int:
    status = 0
    for name in call.arguments:
        path = located(call.shell, name)
        if path is None:
            status = 1
        else:
            call.out(path + "\n")
    return status


async def _builtin(call: Call) -> int:
    """The program of the same name as a builtin, as busybox has them."""
    return await call.shell.system.builtins[call.name](call.shell, list(call.arguments))


async def _reboot(call: Call) -> int:
    call.shell.system.reboot()
    return 0


SYSTEM_PROGRAMS: Mapping[str, Program] = MappingProxyType(
    {
        "sleep": _sleep, "id": _id, "uname": _uname, "logger": _logger,
        "uptime": _uptime, "sh": _sh, "ash": _sh, "env": _env,
        "start-stop-daemon": _start_stop_daemon, "setsid": _in_front, "nohup": _in_front,
        "lock": _lock, "flock": _flock, "pidof": _pidof, "killall": _killall, "ps": _ps,
        "which": _which, "true": _builtin, "false": _builtin, "echo": _builtin,
        "printf": _builtin, "test": _builtin,
        "[": _builtin, "kill": _builtin, "pwd": _builtin, "reboot": _reboot,
        "timeout": _timeout,
    }
)  # fmt: skip
