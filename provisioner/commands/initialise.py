"""`provisioner init`: a commented configuration, an inventory to fill in, and the office's keys."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from provisioner.commands.files import create_private
from provisioner.commands.output import AsJson, print_json, tell
from provisioner.secrets import new_key
from provisioner.settings import Settings, configuration_file, load_settings
from provisioner.texts import say

Directory = Annotated[
    Path | None,
    typer.Option("--dir", "-d", help="Where to; the folder of PROVISIONER_CONFIG unless given."),
]

_PACKAGE = Path(__file__).parents[1]
_EXAMPLES = (_PACKAGE / "examples", _PACKAGE.parent / "inventory")
"""Where they are in an installed package, and where in a working copy."""

_CONFIG = """\
# provisioner.toml: one installation. Unknown keys are errors; relative paths start at this file.
# Every key may be overridden by an environment variable: PROVISIONER_WEB__PORT=8081.
# Secrets are never written here: "env:NAME" names a variable, "file:PATH" a file.

database_url = "sqlite:///var/provisioner.db"   # or postgresql+psycopg://user@host/name
data_dir = "var"                                # letters, transcripts, anchors
inventory = ["inventory/hosts.yml"]             # the network devices, any Ansible inventory
catalogue = "inventory/catalogue.yml"           # what is offered
network = "inventory/network.yml"               # where servers get their addresses, and the campus
office = "inventory/office.yml"                 # letter head, working days, signatories

[secrets]
key = "file:var/secret.key"                     # encrypts stored secrets; keep a copy elsewhere

[ssh]
known_hosts = "var/known_hosts"                 # filled by `provisioner trust`
identity = "file:var/id_ed25519"                # the office's own key, put into every new server

# One section per Proxmox VE cluster; its name is used in catalogue.yml and network.yml.
# docs/operations.md says how to make role, user and token. `provisioner trust dc1` reads the
# fingerprints and fills in `verify` once you have compared them.
#
# [clusters.dc1]
# urls = ["https://pve1.example:8006", "https://pve2.example:8006"]
# verify = ["sha256:AB:CD:..."]                 # one per node, or the path of a CA file
# token_id = "provisioner@pve!service"
# token_secret = "env:PVE_DC1_SECRET"
# vmid_range = [2000, 2999]                     # for us alone
# disk_storage = "local-lvm"
# clone = "auto"                                # linked, full, auto
# pool = "opd-{department}"                     # optional; made where it is not there
# concurrency = { clones = 2, tasks = 4 }       # per storage, per node
# timeouts = { request = 60, task = 1800, guest_boot = 600 }   # seconds

[web]
host = "127.0.0.1"
port = 8080
public_url = "http://127.0.0.1:8080"            # as people reach it; behind a proxy https://...
"""


def init(directory: Directory = None, as_json: AsJson = False) -> None:
    """Write a configuration to begin with; what is there already is never changed.

    Example: provisioner init --dir /etc/provisioner
    """
    named = configuration_file()
    config = (directory / "provisioner.toml" if directory else named).absolute()
    config.parent.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    if not config.exists():
        config.write_text(_CONFIG)
        written.append(config)
    settings = load_settings(config)
    written += _examples(settings)
    settings.path(settings.data_dir).mkdir(parents=True, exist_ok=True, mode=0o700)
    if (key := _file(settings, settings.secrets.key)) and create_private(key, new_key() + "\n"):
        written.append(key)
    if identity := _file(settings, settings.ssh.identity):
        written += _identity(identity)
    if as_json:
        print_json({"config": str(config), "written": [str(path) for path in written]})
        return
    for path in written:
        tell(say("Written: %(path)s", path=str(path)))
    if not written:
        tell(say("Everything is there already; nothing was changed."))
    tell(say("Next: fill in %(path)s, then `provisioner doctor`.", path=str(config)))


def _examples(settings: Settings) -> list[Path]:
    written = []
    targets = [settings.path(p) for p in (settings.catalogue, settings.network, settings.office)]
    targets += [settings.path(p) for p in settings.inventory if p.name == "hosts.yml"]
    for target in targets:
        example = next((f / target.name for f in _EXAMPLES if (f / target.name).is_file()), None)
        if example and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(example, target)
            written.append(target)
    return written


def _file(settings: Settings, reference: str) -> Path | None:
    kind, _, name = reference.partition(":")
    return settings.path(Path(name)) if kind == "file" else None


def _identity(path: Path) -> list[Path]:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    if not create_private(path, private):
        return []
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    shown = path.with_name(path.name + ".pub")
    shown.write_text(f"{public} provisioner\n")
    return [path, shown]
