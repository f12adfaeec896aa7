"""What the token may not do, or may without need, each with the lines that mend it."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from provisioner.doctor.finding import Finding, Verdict
from provisioner.doctor.look import Look
from provisioner.doctor.privileges import (
    CLUSTER_ROLE,
    NINE,
    Gap,
    Ground,
    Place,
    Use,
    excess,
    gaps,
    role_privileges,
    version_of,
)
from provisioner.doctor.templates import options
from provisioner.drivers.hypervisor import BackupJob, Rights
from provisioner.texts import Message, say

_ZONES, _LOCAL = "/sdn/zones", "/sdn/zones/localnetwork"


def examine_rights(look: Look) -> Iterator[Finding]:
    """One finding per path that lacks something, all at once; then what is too much."""
    subject, token = look.setup.subject, look.setup.settings.token_id
    ground = ground_of(look)
    if not look.rights.paths:
        yield Finding(
            subject,
            "failed",
            say("The token %(token)s may do nothing at all.", token=token),
            say(
                "A token has only what both it and its account have. Run pve-token.sh on a node "
                "again; it grants to both."
            ),
        )
    missing = gaps(look.rights, ground)
    for gap in missing:
        yield _gap(subject, token, gap, look.rights)
    if look.rights.paths and not any(gap.required for gap in missing):
        yield Finding(subject, "ok", say("The token may do all that is needed."))
    yield from _too_much(look, ground)


def ground_of(look: Look) -> Ground:
    """The paths that this configuration touches, and what it uses there."""
    setup, facts = look.setup, look.facts
    settings = setup.settings
    imports = {s.name for s in facts.storages if "import" in s.content}
    places: dict[Place, tuple[tuple[str, ...], ...]] = {
        "vm": _vm_paths(look),
        "template": tuple(sorted(_template_paths(look))),
        "disk": tuple((f"/storage/{name}",) for name in sorted(setup.disk_storages)),
        "network": tuple(sorted(_network_paths(look))),
        "node": (("/nodes",),),
        "cluster": (("/",),),
    }
    uses: set[Use] = {"always", "capacity", "overview"}
    if settings.backup_storage:
        uses.add("backup")
        places["backup"] = ((f"/storage/{settings.backup_storage}",),)
    if imports:  # any one of them will do
        uses.add("import")
        places["import"] = (tuple(f"/storage/{name}" for name in sorted(imports)),)
    if settings.pool:
        places["pool"] = _pool_paths(look)
    if isinstance(look.job, BackupJob) and not (look.job.everything or look.job.pool):
        uses.add("job")
    return Ground(places, frozenset(uses))


def _vm_paths(look: Look) -> tuple[tuple[str, ...], ...]:
    if not look.setup.settings.pool:
        return (("/vms",),)
    return tuple(("/vms", *paths) for paths in _pool_paths(look))


def _template_paths(look: Look) -> set[tuple[str, ...]]:
    """Those that were seen; of the others, which may be hidden, where their rights would be."""
    seen = {sight.reading.vmid for sight in look.templates}
    if look.failure:
        seen |= {key.vmid for key in look.setup.images.values() if key.vmid}
    tags_only = look.setup.images and not seen
    return {(f"/vms/{vmid}",) for vmid in seen} | ({("/vms",)} if tags_only else set())


def _pool_paths(look: Look) -> tuple[tuple[str, ...], ...]:
    """The pools of that name which exist; before there is one, where it would be made."""
    name = look.setup.settings.pool or ""
    if "{" not in name:
        return ((f"/pool/{name}",),)
    pattern = name.partition("{")[0] + "*" + name.rpartition("}")[2]
    present = sorted(pool for pool in look.pools or () if fnmatchcase(pool, pattern))
    return tuple((f"/pool/{pool}",) for pool in present) or (("/pool",),)


def _network_paths(look: Look) -> set[tuple[str, ...]]:
    """Bridges of the networks and, since a copy has it for a moment, of the templates."""
    wanted = {(n.bridge, n.vlan) for n in (look.setup.networks or {}).values()}
    for sight in look.templates:
        card = options(sight.reading.net0)
        if card.get("bridge"):
            wanted.add(
                (card["bridge"], int(tag) if (tag := card.get("tag", "")).isdecimal() else None)
            )
    found = set()
    for bridge, vlan in wanted:
        tail = f"/{bridge}" + (f"/{vlan}" if vlan else "")
        listed = [p for p in look.rights.paths if p.startswith(_ZONES) and p.endswith(f"/{bridge}")]
        zones = {path.removesuffix(f"/{bridge}") for path in listed}
        found.add(
            tuple(zone + tail for zone in sorted({_LOCAL, *zones}, key=lambda z: z != _LOCAL))
        )
    return found


def _gap(subject: str, token: str, gap: Gap, rights: Rights) -> Finding:
    if gap.required:
        what = say(
            "The token lacks %(privileges)s on %(path)s.",
            privileges=", ".join(gap.privileges),
            path=gap.path,
        )
    else:
        what = say(
            "The token lacks %(privileges)s on %(path)s; requests are fulfilled without it.",
            privileges=", ".join(gap.privileges),
            path=gap.path,
        )
    why = _joined([need.why for need in gap.needs])
    todo = say("Needed for: %(why)s. On one node of the cluster, as root:", why=why)
    verdict: Verdict = "failed" if gap.required else "warning"
    return Finding(subject, verdict, what, todo, commands(gap, rights, token))


def commands(gap: Gap, rights: Rights, token: str) -> tuple[str, ...]:
    """`pveum` lines: the role gets the privileges, the path gets the role; harmless to repeat.

    What a role holds cannot be told from effective rights. It is left alone only where the token
    has all of it elsewhere and nothing here: then just the path lacks the role.
    """
    anywhere: frozenset[str] = frozenset().union(*rights.paths.values())
    version = version_of(rights.version) or NINE
    here = any(rights.has(gap.path, name) for name in role_privileges(version, gap.role))
    lines = []
    if here or not anywhere.issuperset(gap.privileges):
        added = ",".join(gap.privileges)
        lines.append(f"pveum role modify {gap.role} --append 1 --privs {added}")
    user = token.partition("!")[0]
    narrow = " --propagate 0" if gap.role == CLUSTER_ROLE else ""
    lines.append(
        f"pveum acl modify {gap.path} --roles {gap.role} --users {user} --tokens '{token}'{narrow}"
    )
    return tuple(lines)


def _too_much(look: Look, ground: Ground) -> Iterator[Finding]:
    settings, subject = look.setup.settings, look.setup.subject
    user = settings.token_id.partition("!")[0]
    if user == "root@pam":
        yield Finding(
            subject,
            "warning",
            say("The token belongs to root@pam, who may do everything."),
            say("Make an account of its own by pve-token.sh and use its token."),
        )
        return
    more = excess(look.rights, ground)
    if not more:
        return
    named = sorted({privilege for held in more.values() for privilege in held})
    path = min(more, key=len)
    yield Finding(
        subject,
        "warning",
        say(
            "The token may more than it needs, from %(path)s on: %(privileges)s.",
            path=path,
            privileges=", ".join(named),
        ),
        say("See which role gives it, take it away, and grant the rest by pve-token.sh:"),
        (
            f"pveum acl list | grep -F {user}",
            f"pveum acl delete {path} --roles ROLE --users {user} --tokens '{settings.token_id}'",
        ),
    )


def _joined(parts: list[Message]) -> Message:
    first, *rest = list(dict.fromkeys(parts))
    for part in rest:
        first = say("%(one)s; %(other)s", one=first, other=part)
    return first
