"""The product's main promise, as a newcomer sees it: one command, and a proven server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

DEMO = [sys.executable, "-m", "provisioner", "demo"]


def environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PROVISIONER_")}
    return kept | {"LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*DEMO, "--once", "--port", "0", "--dir", str(tmp_path / "demo"), "--speed", "20"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield process
        process.send_signal(signal.SIGINT)


def lines(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    yield from process.stdout


def test_a_server_is_made_and_proven_although_the_console_is_killed(
    running: subprocess.Popen[str],
) -> None:
    said, pid = [], 0
    for line in lines(running):
        said.append(line)
        if "kill -9" in line:
            pid = int(line.partition("kill -9 ")[2].partition("`")[0])
        if pid and "VPS-2026-0001" in line:
            os.kill(pid, signal.SIGKILL)
            pid = 0
    text = "".join(said)
    assert running.wait(60) == 0, text
    assert "The console was killed and starts again" in text
    assert "+ ssh.applicant_key" in text
    assert "+ wifi.announced  ap-pendopo-2" in text
    assert "On the air at: ap-pendopo-1, ap-pendopo-2" in text
    assert "says “simpus-dinkes”" in text
    assert "Traceback" not in text


def test_a_port_in_use_is_told_before_anything_is_begun(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = subprocess.run(
            [*DEMO, "--port", str(port), "--dir", str(tmp_path / "demo")],
            env=environment(), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"Port {port} is in use. Choose another: make demo PORT=" in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "demo").exists()
