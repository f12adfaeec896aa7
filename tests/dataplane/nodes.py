"""Machines in namespaces: a real sshd, Open vSwitch, dnsmasq and nftables each; never the host.

A node has its own network, processes, host name, and its own copy in memory of what is written
(/etc, /var, /run, /usr/local); all of it is gone when its first process is.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = (
    "ovs-vsctl", "ovs-vswitchd", "ovsdb-server", "dnsmasq", "nft", "udhcpc", "ethtool", "sshd",
    "ip", "ping", "dig", "unshare", "nsenter", "setpriv", "sudo",
)  # fmt: skip
_CLONE_NEWNET = 0x40000000
_OWN = ("setpriv", "--pdeathsig=KILL", "unshare", "--net", "--pid", "--mount", "--uts", "--ipc",
        "--fork", "--kill-child")  # fmt: skip


@functools.cache
def missing() -> str | None:
    """Why there can be no data plane here, or None."""
    if os.geteuid() != 0:
        return "needs root: namespaces"
    for name in PROGRAMS:
        if shutil.which(name) is None:
            return f"needs {name}: tools/need.sh dataplane"
    if subprocess.run([*_OWN, "true"], capture_output=True).returncode:
        return "needs namespaces, which this machine forbids"
    if "overlay" not in Path("/proc/filesystems").read_text():
        return "needs overlayfs in the kernel"
    return None


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until that is so; fails after ``seconds``."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not become so"
        time.sleep(0.02)


@dataclass
class Node:
    """One running machine; ``pid`` is that of its first process as seen from here."""

    name: str
    pid: int
    folder: Path
    relay: Relay | None = None
    files: list[str] = field(default_factory=list)

    def run(self, command: str, check: bool = True) -> str:
        """What a shell command says that root runs inside."""
        found = subprocess.run(
            [*self.enter, "sh", "-c", command],
            check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert not check or found.returncode == 0, f"{self.name}: {command}\n{found.stdout}"
        return found.stdout.strip()

    def does(self, command: str) -> bool:
        """Whether a shell command ends well inside."""
        return (
            subprocess.run([*self.enter, "sh", "-c", command], capture_output=True).returncode == 0
        )

    @property
    def enter(self) -> list[str]:
        return ["nsenter", "-t", str(self.pid), "-m", "-n", "-p", "-u", "-i", "-r", "-w"]

    def path(self, name: str) -> Path:
        """A file of the node, seen from here."""
        return Path(f"/proc/{self.pid}/root") / name.lstrip("/")

    @contextlib.contextmanager
    def serving(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """A process inside for so long."""
        with subprocess.Popen(
            [*self.enter, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            try:
                yield process
            finally:
                process.kill()


_START = """set -e
mount -t tmpfs -o mode=0755 tmpfs {folder}
for part in etc var usr/local; do
  mkdir -p {folder}/upper/$part {folder}/work/$part
  mount -t overlay overlay \
    -o lowerdir=/$part,upperdir={folder}/upper/$part,workdir={folder}/work/$part /$part
done
mount -t tmpfs -o mode=0755 tmpfs /run
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mkdir -p /run/lock /run/sshd /run/openvswitch /run/sudo
hostname {name}
grep -q ' {name}$' /etc/hosts || echo 127.0.1.1 {name} >> /etc/hosts
ip link set lo up
{start}
touch {folder}/ready
exec {last}
"""


@contextlib.contextmanager
def node(folder: Path, name: str, start: str, last: str = "sleep infinity") -> Iterator[Node]:
    """A machine that runs ``start`` and then becomes ``last``; gone afterwards."""
    own = folder / name
    own.mkdir()
    text = _START.format(folder=own, name=name, start=start, last=last)
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*_OWN, "sh", "-c", text], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")

        def child() -> int:
            assert process.poll() is None, (folder / f"{name}.log").read_text()
            return int((children.read_text().split() or ["0"])[0])

        until(lambda: child() != 0)
        pid = child()
        ready = Path(f"/proc/{pid}/root{own}/ready")
        until(lambda: child() == pid and ready.exists())
        yield Node(name, pid, own)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def cable(one: Node, port: str, other: Node, other_port: str) -> None:
    """Join two machines; checksums are made, not promised, for a switch that runs as a program."""
    one.run(f"ip link add dev {port} type veth peer name tmp{other.pid}")
    subprocess.run(
        ["nsenter", "-t", str(one.pid), "-n", "ip", "link", "set", "dev", f"tmp{other.pid}",
         "netns", str(other.pid)], check=True,
    )  # fmt: skip
    other.run(f"ip link set dev tmp{other.pid} name {other_port} up")
    one.run(f"ip link set dev {port} up")
    for side, name in ((one, port), (other, other_port)):
        side.run(f"ethtool -K {name} tx off")


# ---------------------------------------------------------------- the way in


class Relay:
    """A port of 127.0.0.1 whose connections come out in a node's network, at port 22 of
    ``address``: its own without one; can be cut."""

    def __init__(self, pid: int, address: str = "127.0.0.1") -> None:
        self._address = address
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.cut_after: Callable[[bytes], bool] | None = None
        """Asked for each piece that goes in; True cuts the connection instead."""
        self.cut_answers = False
        """Whether what comes out no longer reaches us."""
        self._open: list[socket.socket] = []
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(pid, ready), daemon=True)
        self._thread.start()
        assert ready.wait(10), "no way into the namespace"

    def _serve(self, pid: int, ready: threading.Event) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with Path(f"/proc/{pid}/ns/net").open() as space:
            if libc.setns(space.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        ready.set()
        with contextlib.suppress(OSError):  # closed at the end
            while True:
                ours, _ = self._listener.accept()
                self._join(ours)

    def _join(self, ours: socket.socket) -> None:
        try:
            theirs = socket.create_connection((self._address, 22), timeout=5)
        except OSError:
            ours.close()
            return
        theirs.settimeout(None)
        self._open = [*(each for each in self._open if each.fileno() >= 0), ours, theirs]
        for inwards, source, target in ((True, ours, theirs), (False, theirs, ours)):
            threading.Thread(
                target=self._carry, args=(inwards, source, target), daemon=True
            ).start()

    def _carry(self, inwards: bool, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if inwards and self.cut_after is not None and self.cut_after(data):
                    break
                if inwards or not self.cut_answers:
                    target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def close(self) -> None:
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._thread.join()
