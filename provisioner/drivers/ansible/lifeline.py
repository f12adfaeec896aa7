"""A helper process that ends, with everything it started, when its parent lets go of it or dies."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

_PR_SET_CHILD_SUBREAPER = 36
_GRACE = 10.0
"""Seconds for a process to go once it has been told to."""


def call(
    module: str, order: Mapping[str, Any], seconds: float, environment: Mapping[str, str]
) -> tuple[list[str], bool]:
    """Run ``python -m module`` on ``order`` (JSON in its standard input); its lines of output.

    The second value is False when it was still at it after ``seconds``; the lines are those that
    came until then. All that it started is gone when this returns.
    """
    with tempfile.TemporaryDirectory(prefix="prov-") as home:
        process = subprocess.Popen(  # noqa: S603 — our own module
            [sys.executable, "-I", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=home,
            env={**environment, "HOME": home},
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        lines: list[str] = []
        try:
            well = _follow(process, order, lines, seconds)
        finally:
            _let_go(process)
    return lines, well


def _follow(
    process: subprocess.Popen[str], order: Mapping[str, Any], lines: list[str], seconds: float
) -> bool:
    stdin, stdout = _pipes(process)
    with contextlib.suppress(BrokenPipeError):  # it died at once: there are no lines
        stdin.write(json.dumps(order) + "\n")
        stdin.flush()
    reader = threading.Thread(target=lambda: lines.extend(stdout), daemon=True)
    reader.start()
    reader.join(seconds)
    return not reader.is_alive()


def _let_go(process: subprocess.Popen[str]) -> None:
    stdin, stdout = _pipes(process)
    with contextlib.suppress(BrokenPipeError):
        stdin.close()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    stdout.close()


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    if process.stdin is None or process.stdout is None:
        raise ValueError("started without pipes")
    return process.stdin, process.stdout


# ---------------------------------------------------------------------- in the helper


def take_order(at_end: Callable[[], None] = lambda: None) -> Any:
    """The order that ``call`` sent; from now on this process lives as long as the parent wants it.

    It has to close its standard output when it is done. Whatever it starts is a descendant for
    ever, also what detaches itself (Ansible's workers and ssh masters start sessions of their
    own), so that nothing is left at work. ``at_end`` runs last, and always.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    order = json.loads(sys.stdin.readline())

    def watch() -> None:
        while sys.stdin.read(1024):  # nothing more is sent; it ends when the parent lets go
            pass
        try:
            _end_descendants()
            at_end()
        finally:
            os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch).start()
    return order


def _end_descendants() -> None:
    """Kill every process below this one and wait until none is left (at most ten seconds)."""
    until = time.monotonic() + _GRACE
    while (below := _descendants()) and time.monotonic() < until:
        for pid in below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.01)


def _descendants() -> set[int]:
    """Living and dead processes whose line of parents leads to this one."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):  # it ended meanwhile
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                parents[int(folder.name)] = int(fields[1])
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}
