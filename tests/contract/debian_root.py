"""A real Debian with a real sshd, sudo and Python in namespaces of its own; never the host.

The system is made once by debootstrap from the mirror of this machine and kept in the user's cache
folder. Each guest is a copy of it in memory (overlay) that is gone when its process is; its network
is its own, so a firewall or a mirror that does not answer is real. It holds packages that are not
installed yet, so that installing needs no network. It has no systemd, as a container has none.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import asyncssh

from provisioner.drivers.seat import Door
from tests.contract.openwrt_stage import until

BASE = ("openssh-server", "python3", "python3-apt", "sudo", "iproute2")
LATER = ("unattended-upgrades", "chrony", "nftables", "nagios-nrpe-server")
"""Fetched but not installed: what a baseline asks for."""
OUTSIDE, INSIDE = "192.0.2.1", "192.0.2.2"
USER = "warga"
PASSWORD = "kata-sandi-tamu"
_CAPABILITIES = (
    "chown,dac_override,fowner,fsetid,kill,setgid,setuid,setpcap,net_bind_service,net_admin,"
    "sys_chroot,setfcap,audit_write"
)
"""Root inside may not set the machine's clock, load modules, mount or reboot."""
_CLONE_NEWNET = 0x40000000


def missing() -> str | None:
    """Why no such guest can be made here, or None."""
    if os.geteuid() != 0:
        return "needs root: namespaces and debootstrap"
    for name in ("debootstrap", "unshare", "setpriv", "nsenter", "ip", "apt-get"):
        if shutil.which(name) is None:
            return f"needs {name}"
    if subprocess.run(["unshare", "-mnp", "--fork", "true"], capture_output=True).returncode:
        return "needs namespaces, which this machine forbids"
    if "overlay" not in Path("/proc/filesystems").read_text():
        return "needs overlayfs in the kernel"
    return None


# ---------------------------------------------------------------------- the system


@functools.cache
def system() -> Path:
    """The folder of the system, made when there is none yet; nobody writes to it afterwards."""
    mirror, codename = _mirror()
    name = hashlib.sha256(repr((codename, BASE, LATER)).encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "provisioner-tests"
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = cache / f"debian-{codename}-{name}"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            for left in cache.glob("new-*"):
                shutil.rmtree(left)
            new = Path(tempfile.mkdtemp(prefix="new-", dir=cache))
            _make(new, mirror, codename)
            new.rename(made)
    return made


def _mirror() -> tuple[str, str]:
    """Where this machine has its own Debian from, and which release that is."""
    wanted = "$(REPO_URI)|$(CODENAME)|$(LABEL)|$(COMPONENT)"
    listed = _said("apt-get", "indextargets", "--format", wanted, "Identifier: Packages")
    release = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if line
    )
    codename = release["VERSION_CODENAME"].strip('"')
    for line in listed.splitlines():
        uri, *rest = line.split("|")
        if rest == [codename, "Debian", "main"]:
            return uri, codename
    raise LookupError("this machine has no Debian mirror; run apt-get update")


def _make(root: Path, mirror: str, codename: str) -> None:
    root.chmod(0o755)
    clean = {k: os.environ[k] for k in ("PATH", "http_proxy", "https_proxy") if k in os.environ}
    proxy = _said("apt-config", "shell", "proxy", "Acquire::http::Proxy").strip()
    if proxy:
        clean["http_proxy"] = proxy.removeprefix("proxy='").removesuffix("'")
    environment = {**clean, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}

    def run(*command: str) -> None:
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)

    packages = ",".join(BASE)
    run("debootstrap", "--variant=minbase", f"--include={packages}", codename, str(root), mirror)
    run("chroot", str(root), "apt-get", "clean")
    run("chroot", str(root), "apt-get", "-qq", "update")
    fetch = ("apt-get", "-qq", "-y", "--download-only", "--no-install-recommends", "install")
    run("chroot", str(root), *fetch, *LATER)
    # as images of containers have it: no service is started by its installation
    services = root / "usr/sbin/policy-rc.d"
    services.write_text("#!/bin/sh\nexit 101\n")
    services.chmod(0o755)
    run("chroot", str(root), "useradd", "--create-home", "--shell", "/bin/bash", USER)
    subprocess.run(
        ["chroot", root, "chpasswd"], input=f"{USER}:{PASSWORD}\nroot:{PASSWORD}\n",
        text=True, check=True,
    )  # fmt: skip
    # as cloud-init leaves it, but with passwords open
    (root / "etc/sudoers.d/90-cloud-init-users").write_text(f"{USER} ALL=(ALL) NOPASSWD:ALL\n")
    (root / "etc/ssh/sshd_config.d/50-cloud-init.conf").write_text(
        "PasswordAuthentication yes\nPermitRootLogin yes\n"
    )
    for key in root.glob("etc/ssh/ssh_host_*"):
        key.unlink()


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


# ---------------------------------------------------------------------- a guest


class Guest:
    """One running system; reached at a free port of 127.0.0.1 as if across a network."""

    def __init__(self, folder: Path, pid: int, port: int, outside: int, host_key: str) -> None:
        self._folder, self.pid, self.port, self.host_key = folder, pid, port, host_key
        self._outside = f"/proc/{os.getpid()}/task/{outside}/ns/net"
        self.root = Path(f"/proc/{pid}/root")

    @property
    def door(self) -> Door:
        return Door("127.0.0.1", self.port, USER, self.host_key)

    def run(self, command: str, check: bool = True) -> str:
        """What a command says that root runs inside."""
        found = subprocess.run(
            [*_enter(self.pid), "sh", "-c", command],
            check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        return found.stdout

    def files(self, *names: str) -> Mapping[str, bytes]:
        """Every file below these folders."""
        found = (path for name in names for path in sorted((self.root / name).rglob("*")))
        return {str(p.relative_to(self.root)): p.read_bytes() for p in found if p.is_file()}

    def processes(self) -> str:
        """The command lines of all processes inside, the SSH server's and this look's too."""
        return self.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' '", check=False)

    def lets_in(self, port: int) -> bool:
        """Whether a connection from outside reaches a port at which somebody listens inside."""
        listen = f"""import socket
server = socket.create_server(('', {port}))
server.settimeout(3)
print(flush=True)
server.accept()
"""
        knock = f"import socket; socket.create_connection(({INSIDE!r}, {port}), 1)"
        with subprocess.Popen(
            [*_enter(self.pid), "python3", "-c", listen],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as inside:
            assert inside.stdout is not None
            inside.stdout.readline()
            command = ["nsenter", f"--net={self._outside}", sys.executable, "-c", knock]
            return subprocess.run(command, capture_output=True).returncode == 0

    def make_room(self, megabytes: int) -> None:
        """Give it another size of disk."""
        resize = f"mount -o remount,size={megabytes}m {self._folder}/space"
        _said("nsenter", "-t", str(self.pid), "-m", "sh", "-c", resize)


def _enter(pid: int) -> list[str]:
    return ["nsenter", "-t", str(pid), "-m", "-n", "-p", "-r", "-w"]


@contextlib.contextmanager
def guest(folder: Path, identity: asyncssh.SSHKey, megabytes: int = 600) -> Iterator[Guest]:
    """A new guest with so much free space, entered by USER with ``identity``, and gone after."""
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    (folder / "host").write_bytes(host_key.export_private_key())
    (folder / "key").write_bytes(identity.export_public_key())
    (folder / "start").write_text(_START.format(
        root=system(), folder=folder, size=megabytes, user=USER, capabilities=_CAPABILITIES,
    ).replace("@caps@", ",".join(f"+{c}" for c in _CAPABILITIES.split(","))))  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*_OWN, "sh", str(folder / "start")], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    try:
        pid = _child(process)
        with _reached(pid) as (port, outside):
            public = host_key.export_public_key("openssh").decode().strip()
            until(lambda: _banner(port))
            yield Guest(folder, pid, port, outside, public)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


_OWN = (
    *("setpriv", "--pdeathsig=KILL"),  # a killed test leaves no guest behind
    *("unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child"),
)
_START = """set -e
mkdir {folder}/space
mount -t tmpfs -o size={size}m,mode=0755 tmpfs {folder}/space
cd {folder}/space
mkdir upper work root
mount -t overlay overlay -o lowerdir={root},upperdir=upper,workdir=work root
mount -t proc proc root/proc
mount -t tmpfs -o mode=0755 tmpfs root/run
mount -t tmpfs -o mode=0755 tmpfs root/dev
for device in null zero full random urandom tty; do
  touch root/dev/$device && mount --bind /dev/$device root/dev/$device
done
mkdir root/dev/pts root/dev/shm root/run/sshd
mount -t devpts -o newinstance,ptmxmode=0666 devpts root/dev/pts
ln -s pts/ptmx root/dev/ptmx
ln -s /proc/self/fd root/dev/fd
install -m 600 {folder}/host root/etc/ssh/ssh_host_ed25519_key
install -d -m 700 -o 1000 -g 1000 root/home/{user}/.ssh
install -m 600 -o 1000 -g 1000 {folder}/key root/home/{user}/.ssh/authorized_keys
install -d -m 700 root/root/.ssh
install -m 600 {folder}/key root/root/.ssh/authorized_keys
hostname guest
echo 127.0.1.1 guest >> root/etc/hosts
echo nameserver 127.0.0.1 > root/etc/resolv.conf
ip link set lo up
exec setpriv --inh-caps=-all --bounding-set=-all,@caps@ chroot root /usr/sbin/sshd -D -e
"""


def _child(process: subprocess.Popen[bytes]) -> int:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until(lambda: bool(children.read_text().split()))
    return int(children.read_text().split()[0])


def _banner(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 2) as sock:
        sock.settimeout(2)
        return sock.recv(4) == b"SSH-"
    return False


@contextlib.contextmanager
def _reached(pid: int) -> Iterator[tuple[int, int]]:
    """A port of 127.0.0.1 from which connections come to the guest's own address from outside,
    and the thread whose network that outside is."""
    listener = socket.create_server(("127.0.0.1", 0))
    ready: list[BaseException | None] = []
    thread = threading.Thread(target=_outside, args=(pid, listener, ready), daemon=True)
    thread.start()
    until(lambda: bool(ready))
    if ready[0] is not None:
        raise ready[0]
    try:
        yield listener.getsockname()[1], thread.native_id or 0
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _outside(pid: int, listener: socket.socket, ready: list[BaseException | None]) -> None:
    """Runs in a network of this thread's own, joined to the guest's by a cable."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        for line in (
            f"link add dev cable type veth peer name eth0 netns {pid}",
            f"addr add {OUTSIDE}/24 dev cable",
            "link set cable up",
        ):
            _said("ip", *line.split())
        enter = ("nsenter", "-t", str(pid), "-n", "ip")
        for line in (
            f"addr add {INSIDE}/24 dev eth0",
            "link set eth0 up",
            f"route add default via {OUTSIDE}",
        ):
            _said(*enter, *line.split())
    except (OSError, subprocess.CalledProcessError) as error:
        ready.append(error)
        return
    ready.append(None)
    with contextlib.suppress(OSError):  # the listener is closed at the end
        while True:
            ours, _ = listener.accept()
            _join(ours)


def _join(ours: socket.socket) -> None:
    """Carry bytes both ways until both have ended."""
    try:
        theirs = socket.create_connection((INSIDE, 22), timeout=5)
    except OSError:
        ours.close()
        return
    theirs.settimeout(None)
    both = [ours, theirs]

    def carry(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        both.pop()
        if not both:
            ours.close()
            theirs.close()

    for pair in ((ours, theirs), (theirs, ours)):
        threading.Thread(target=carry, args=pair, daemon=True).start()
