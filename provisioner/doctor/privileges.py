"""Which privilege the product needs on which path of a cluster, and what breaks without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from provisioner.drivers.hypervisor import Rights
from provisioner.texts import Message, say

Place = Literal["vm", "template", "disk", "backup", "import", "network", "node", "pool", "cluster"]
Use = Literal["always", "backup", "job", "import", "capacity", "overview"]

ROLE, CLUSTER_ROLE = "Provisioner", "ProvisionerCluster"
"""The second is granted on ``/`` alone, so that the first counts nowhere but on its own paths."""

FIRST, MIXED, NINE = (8, 0), (8, 2), (9, 0)
"""8.2 brought Sys.AccessNetwork; 9.0 split VM.Monitor."""
NEVER_AGAIN = (1_000, 0)
Version = tuple[int, int]


@dataclass(frozen=True)
class Need:
    """One privilege at one kind of place; ``use`` is what it is for."""

    privilege: str
    place: Place
    why: Message
    use: Use = "always"
    since: Version = FIRST
    before: Version = NEVER_AGAIN

    @property
    def required(self) -> bool:
        """Whether requests cannot be fulfilled without it."""
        return self.use not in ("import", "capacity", "overview")

    def applies(self, version: Version) -> bool:
        """Whether that version of PVE knows it."""
        return self.since <= version < self.before


_SIZE = say("size of a server")
_SETTINGS = say("name, notes, tags and start of a server")
_GUEST = say("whether the system inside answers")
_DISKS = say("disks of a server")
_IMPORT = say("`provisioner template import`")
_BACKUPS = say("backup and restore")

NEEDS: tuple[Need, ...] = (
    Need("VM.Allocate", "vm", say("making and removing a server")),
    Need("VM.Audit", "vm", say("seeing a server")),
    Need("VM.Backup", "vm", _BACKUPS, "backup"),
    Need("VM.Config.CDROM", "vm", say("cloud-init drive")),
    Need("VM.Config.CPU", "vm", _SIZE),
    Need("VM.Config.Cloudinit", "vm", say("user, keys and address of a server")),
    Need("VM.Config.Disk", "vm", _DISKS),
    Need("VM.Config.HWType", "vm", _IMPORT, "import"),
    Need("VM.Config.Memory", "vm", _SIZE),
    Need("VM.Config.Network", "vm", say("network card and firewall of a server")),
    Need("VM.Config.Options", "vm", _SETTINGS),
    Need("VM.GuestAgent.Audit", "vm", _GUEST, since=NINE),
    Need("VM.GuestAgent.FileRead", "vm", say("host key and cloud-init's verdict"), since=NINE),
    Need("VM.GuestAgent.FileWrite", "vm", say("a further access key"), since=NINE),
    Need("VM.Migrate", "vm", say("moving a server to another node")),
    Need("VM.Monitor", "vm", _GUEST, before=NINE),
    Need("VM.PowerMgmt", "vm", say("start and stop of a server")),
    Need("VM.Snapshot", "vm", say("snapshots and rolling back")),  # Rollback alone is less: (*)
    Need("VM.Audit", "template", say("seeing the template")),
    Need("VM.Clone", "template", say("copying the template")),
    Need("Datastore.Allocate", "disk", say("removing disks that a failed copy left behind")),
    Need("Datastore.AllocateSpace", "disk", _DISKS),
    Need("Datastore.Audit", "disk", say("free space of the storage")),
    Need("Datastore.AllocateSpace", "backup", _BACKUPS, "backup"),
    Need("Datastore.Audit", "backup", _BACKUPS, "backup"),
    Need("Datastore.AllocateTemplate", "import", _IMPORT, "import"),
    Need("Datastore.Audit", "import", _IMPORT, "import"),
    Need("SDN.Audit", "network", say("seeing the bridges of each node")),
    Need("SDN.Use", "network", say("the network card of a server, and of its template")),
    Need("Sys.AccessNetwork", "node", _IMPORT, "import", since=MIXED),
    Need("Sys.Audit", "node", say("free memory and cores of each node")),
    Need("Pool.Allocate", "pool", say("the pool of a department")),
    Need("Pool.Audit", "pool", say("the pool of a department")),
    Need("Sys.Audit", "cluster", say("quorum, maintenance, backup jobs, firewall"), "overview"),
    Need("Sys.Modify", "cluster", say("adding a server to the backup job"), "job"),
)
"""After the `permissions` of each call in PVE's own API schema (9.1.3).

(*) VM.Snapshot.Rollback is for those who may only roll back; VM.Snapshot allows that too.
"""

ALL_GUESTS = Need(
    "VM.Audit", "vm", say("counting all guests of a node, not only our own"), "capacity"
)

EXCESS = frozenset(
    {
        "Group.Allocate",
        "Mapping.Modify",
        "Permissions.Modify",
        "Realm.Allocate",
        "Realm.AllocateUser",
        "SDN.Allocate",
        "Sys.Console",
        "Sys.Incoming",
        "Sys.Modify",
        "Sys.PowerMgmt",
        "User.Modify",
        "VM.Console",
        "VM.GuestAgent.Unrestricted",
    }
)
"""What a stolen token would do the most harm with; none of it is needed (Sys.Modify: one use)."""


@dataclass(frozen=True)
class Ground:
    """What one cluster's configuration points at; each place with the paths that may hold it.

    Of the paths of one tuple any one will do; all tuples of a place have to be satisfied.
    """

    places: Mapping[Place, tuple[tuple[str, ...], ...]]
    uses: frozenset[Use]


@dataclass(frozen=True)
class Gap:
    """Privileges that are missing on one path."""

    path: str
    role: str
    needs: tuple[Need, ...]

    @property
    def privileges(self) -> tuple[str, ...]:
        return tuple(sorted({need.privilege for need in self.needs}))

    @property
    def required(self) -> bool:
        return any(need.required for need in self.needs)


_COUNTS = {"Sys": ("/nodes",), "VM": ("/vms", "/pool"), "SDN": ("/sdn",)}
"""Kind of privilege to the paths below which it counts, besides ``/``; any path for the others."""


def version_of(text: str) -> Version | None:
    """(9, 1) of ``9.1.8``; None where the cluster does not tell."""
    major, _, rest = text.partition(".")
    minor = rest.partition(".")[0].partition("-")[0]
    return (int(major), int(minor or 0)) if major.isdecimal() and minor.isdecimal() else None


def role_privileges(version: Version, role: str = ROLE) -> frozenset[str]:
    """All that the role may ever need in that version."""
    return frozenset(
        need.privilege for need in NEEDS if need.applies(version) and _role(need) == role
    )


def gaps(rights: Rights, ground: Ground) -> tuple[Gap, ...]:
    """All that is missing, path by path; what is required and what is only of use apart."""
    version = version_of(rights.version) or NINE
    found: dict[tuple[str, str, bool], list[Need]] = {}
    for need, path in _missing(rights, ground, version):
        found.setdefault((path, _role(need), not need.required), []).append(need)
    return tuple(
        Gap(path, role, tuple(found[path, role, extra])) for path, role, extra in sorted(found)
    )


def excess(rights: Rights, ground: Ground) -> Mapping[str, frozenset[str]]:
    """Path to privileges that the product does not need there and that do harm in other hands."""
    found = {}
    for path, held in sorted(rights.paths.items()):
        allowed = {"Sys.Modify"} if path == "/" and "job" in ground.uses else set()
        more = {privilege for privilege in held & EXCESS if _counts(path, privilege)} - allowed
        if more:
            found[path] = frozenset(more)
    return found


def _counts(path: str, privilege: str) -> bool:
    tops = _COUNTS.get(privilege.partition(".")[0], ("/",))
    return path == "/" or path.startswith(tops)


def _missing(rights: Rights, ground: Ground, version: Version) -> Iterator[tuple[Need, str]]:
    for need in NEEDS:
        if not need.applies(version) or need.use not in ground.uses:
            continue
        for paths in ground.places.get(need.place, ()):
            if not any(rights.has(path, need.privilege) for path in paths):
                yield need, _nearest(rights, ground, need.place, paths)
    elsewhere = any(_best(rights, paths, "vm") != "/vms" for paths in ground.places.get("vm", ()))
    if elsewhere and not rights.has("/vms", ALL_GUESTS.privilege):
        yield ALL_GUESTS, "/vms"


def _nearest(rights: Rights, ground: Ground, place: Place, paths: tuple[str, ...]) -> str:
    """Where to grant it: where the token has most already, else where we would put it."""
    if place == "template":
        vm = ground.places.get("vm", ())
        return "/vms" if all(_best(rights, p, "vm") == "/vms" for p in vm) else paths[0]
    return _best(rights, paths, place)


def _best(rights: Rights, paths: tuple[str, ...], place: Place) -> str:
    wanted = {need.privilege for need in NEEDS if need.place == place}
    return max(paths, key=lambda path: sum(rights.has(path, name) for name in wanted))


def _role(need: Need) -> str:
    return CLUSTER_ROLE if need.place == "cluster" else ROLE
