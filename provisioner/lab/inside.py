"""What stands on a guest's disk: what cloud-init made, and the files that the agent reaches."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import asyncssh

from provisioner.lab.configuration import cloud_config, size_of

_PLANNED = re.compile(r"(?:^|,)ip=([0-9.]+)/(\d+)")
_ROOT = re.compile(r"(?:^|,)size=([0-9.]+[KMGT]?)")
_FOLDERS = ("/etc", "/tmp", "/var/tmp", "/root", "/root/.ssh")  # noqa: S108 - of the guest
KEY_FILE = "/.ssh/authorized_keys"


@dataclass
class Inside:
    """The system of one guest; it is what a snapshot or a backup keeps besides the settings."""

    name: str = ""
    user: str = "debian"
    address: str | None = None
    prefix: int = 24
    disk: int = 0
    """Bytes of the root disk when the guest booted last: then its file system has grown."""
    files: dict[str, str] = field(default_factory=dict)
    host_key: asyncssh.SSHKey | None = None
    _instance: str = ""

    def copy(self) -> Inside:
        """As it stands now, for a snapshot or a backup."""
        return Inside(
            self.name, self.user, self.address, self.prefix, self.disk, dict(self.files),
            self.host_key, self._instance,
        )  # fmt: skip

    @property
    def keys(self) -> list[str]:
        """Bodies of the keys that let the cloud-init user in."""
        return self.keys_of(self.user)

    def keys_of(self, user: str) -> list[str]:
        """Bodies of that user's authorized keys; lines that are none are skipped as sshd does."""
        return [b for line in self.files.get(key_file(user), "").splitlines() if (b := body(line))]

    def drop_key(self, part: str) -> None:
        """Take the lines that hold ``part`` out of the user's authorized keys."""
        path = key_file(self.user)
        kept = [line for line in self.files.get(path, "").splitlines() if part not in line]
        self.files[path] = "".join(line + "\n" for line in kept)

    def read_drive(
        self, name: str, config: dict[str, Any], other_address: Callable[[], str | None]
    ) -> None:
        """Do at boot what cloud-init does when its drive tells of a new instance."""
        root = _ROOT.search(str(config.get("scsi0", "")))
        self.disk = max(self.disk, size_of(root[1]) if root else 0)
        user_data = cloud_config(name, config)
        network = str(config.get("ipconfig0", ""))
        instance = hashlib.sha256((user_data + network).encode()).hexdigest()
        if instance == self._instance:
            return
        self._instance, self.host_key = instance, None
        self.name = name
        self.user = str(config.get("ciuser") or "debian")
        self._add_keys(unquote(str(config.get("sshkeys") or "")))
        planned = _PLANNED.search(network)
        self.address = planned[1] if planned else None
        self.prefix = int(planned[2]) if planned else 24
        self.address = other_address() or self.address

    def _add_keys(self, text: str) -> None:
        """Cloud-init adds keys to the file; it takes none away."""
        path = key_file(self.user)
        lines = self.files.get(path, "").splitlines()
        lines += [line for line in text.splitlines() if line.strip() and line not in lines]
        self.files[path] = "".join(line + "\n" for line in lines)

    def write(self, path: str, content: str) -> bool:
        """Replace a file; False when its folder is not there."""
        home = "/root" if self.user == "root" else f"/home/{self.user}"
        if path.rpartition("/")[0] not in (*_FOLDERS, home, home + "/.ssh"):
            return False
        self.files[path] = content
        return True


def key_file(user: str) -> str:
    """Where the user's authorized keys are."""
    return ("/root" if user == "root" else f"/home/{user}") + KEY_FILE


def public(key: asyncssh.SSHKey) -> str:
    """Algorithm and body, without comment."""
    return " ".join(key.export_public_key().decode().split()[:2])


def body(line: str) -> str | None:
    """The base64 body of a public key line; None for what is not one."""
    try:
        return public(asyncssh.import_public_key(line)).split()[1]
    except asyncssh.KeyImportError:
        return None
