"""Which rights are missing or too many, and the lines that mend it (pitfalls 27, 28)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provisioner.doctor.privileges import (
    CLUSTER_ROLE,
    NEEDS,
    ROLE,
    role_privileges,
    version_of,
)
from provisioner.drivers.hypervisor import BackupJob, Rights
from tests.unit.doctor_world import Still, findings, granted, ill, refusal, settings

DOCS = Path(__file__).parents[2] / "docs"
JOB = BackupJob("nightly", True, frozenset({2001}), None, False, "local")


def test_what_the_script_grants_is_enough_on_8_and_on_9() -> None:
    for version in ("8.0.4", "8.1.4", "8.4.1", "9.0.3", "9.1.8"):
        found = findings(Still(rights_=granted(version)))
        assert [str(f.what) for f in found if "The token" in str(f.what)] == [
            "The token may do all that is needed."
        ]


@pytest.mark.parametrize(
    ("privilege", "version", "known"),
    [
        ("VM.Monitor", "8.4.1", True),
        ("VM.Monitor", "9.0.0", False),
        ("VM.GuestAgent.FileRead", "8.4.1", False),
        ("VM.GuestAgent.FileRead", "9.0.0", True),
        ("Sys.AccessNetwork", "8.1.4", False),
        ("Sys.AccessNetwork", "8.2.2", True),
    ],
)
def test_pitfall_27_privileges_differ_between_versions(
    privilege: str, version: str, known: bool
) -> None:
    number = version_of(version)
    assert number
    assert (privilege in role_privileges(number)) is known


@pytest.mark.parametrize("version", ["", "x", "9", "9.x"])
def test_a_version_that_cannot_be_read_is_taken_for_9_and_said(version: str) -> None:
    assert version_of(version) is None
    rights = Rights(version, granted().paths, granted().not_below)
    assert list(ill(Still(rights_=rights))) == [
        "The cluster does not tell its version; it is taken for Proxmox VE 9."
    ]


def test_an_old_cluster_is_refused() -> None:
    old = Rights("7.4.17", granted("8.0.0").paths, granted().not_below)
    assert ill(Still(rights_=old))["Proxmox VE 7.4.17 is too old."].verdict == "failed"


def test_all_missing_rights_are_named_at_once_grouped_by_path() -> None:
    """A real cluster names them one after the other, one 403 each (section 6)."""
    lacking = granted(
        vms=frozenset({"VM.Clone", "VM.Allocate"}),
        storage=frozenset({"Datastore.AllocateSpace"}),
        sdn_zones=frozenset({"SDN.Use"}),
    )
    found = ill(Still(rights_=lacking))
    assert set(found) == {
        "The token lacks VM.Allocate, VM.Clone on /vms.",
        "The token lacks Datastore.AllocateSpace on /storage/local-lvm.",
        "The token lacks Datastore.AllocateSpace on /storage/local.",  # of the backups
        "The token lacks SDN.Use on /sdn/zones/localnetwork/vmbr0/120.",
        "The token lacks SDN.Use on /sdn/zones/localnetwork/vmbr9/7.",  # the template's own
    }
    assert found["The token lacks VM.Allocate, VM.Clone on /vms."].commands == (
        "pveum role modify Provisioner --append 1 --privs VM.Allocate,VM.Clone",
        "pveum acl modify /vms --roles Provisioner --users t@pve --tokens 't@pve!t'",
    )


def test_a_path_that_only_lacks_the_role_gets_only_the_role() -> None:
    full = granted()
    paths = {p: held for p, held in full.paths.items() if p not in ("/nodes", "/")}
    found = ill(Still(rights_=Rights("9.1.8", paths)))
    assert found["The token lacks Sys.Audit on /nodes."].commands == (
        "pveum acl modify /nodes --roles Provisioner --users t@pve --tokens 't@pve!t'",
    )
    over = found["The token lacks Sys.Audit on /; requests are fulfilled without it."]
    assert over.verdict == "warning"
    assert over.commands[-1].endswith("--tokens 't@pve!t' --propagate 0")


def test_pitfall_28_a_token_without_rights_is_told_from_its_privilege_separation() -> None:
    found = ill(Still(rights_=Rights("9.1.8", {}), facts_=refusal()))
    first, *rest = found.values()
    assert str(first.what) == "The token t@pve!t may do nothing at all."
    assert "both it and its account" in str(first.next)
    assert "It says: no." in found, "the cluster's own word comes too"
    lines = [line for finding in rest for line in finding.commands]
    assert any(line.startswith("pveum acl modify /vms ") for line in lines)


def test_rights_on_the_pool_do_instead_of_all_guests_but_are_blind() -> None:
    full = granted()
    paths = {path: held for path, held in full.paths.items() if path not in ("/vms", "/pool")}
    paths["/pool/opd"] = full.paths["/vms"]
    for vmid in (9001, 9002, 9003):
        paths[f"/vms/{vmid}"] = frozenset({"VM.Audit", "VM.Clone"})
    still = Still(rights_=Rights("9.1.8", paths, full.not_below), pools_={"opd": frozenset()})
    found = ill(still, settings(pool="opd"))
    assert set(found) == {"The token lacks VM.Audit on /vms; requests are fulfilled without it."}
    paths["/pool/opd"] = paths["/pool/opd"] - {"VM.PowerMgmt"}
    assert "The token lacks VM.PowerMgmt on /pool/opd." in ill(still, settings(pool="opd"))


def test_pools_per_department_are_looked_for_by_their_pattern() -> None:
    full = granted()
    paths = {p: held for p, held in full.paths.items() if p != "/pool"}
    paths["/pool/opd-dinkes"] = full.paths["/pool"]
    paths["/pool/opd-disdik"] = full.paths["/pool"] - {"Pool.Audit"}
    pools = {name: frozenset[int]() for name in ("opd-dinkes", "opd-disdik", "other")}
    still = Still(rights_=Rights("9.1.8", paths, full.not_below), pools_=pools)
    config = settings(pool="opd-{department}")
    assert set(ill(still, config)) == {"The token lacks Pool.Audit on /pool/opd-disdik."}


def test_a_job_that_names_its_guests_needs_more_and_only_then_it_is_not_too_much() -> None:
    config = settings(backup_job="nightly")
    found = ill(Still(job=JOB), config)
    assert found["The token lacks Sys.Modify on /."].commands[0] == (
        "pveum role modify ProvisionerCluster --append 1 --privs Sys.Modify"
    )
    full = granted()
    more = {**full.paths, "/": full.paths["/"] | {"Sys.Modify"}}
    still = Still(rights_=Rights("9.1.8", more, {"/": more["/"]}), job=JOB)
    assert not ill(still, config)
    assert "Sys.Modify" in next(iter(ill(still)))


def test_too_many_rights_are_a_warning() -> None:
    full = granted()
    paths = {**full.paths, "/": full.paths["/"] | {"Permissions.Modify", "Sys.PowerMgmt"}}
    (found,) = ill(Still(rights_=Rights("9.1.8", paths, full.not_below))).values()
    assert found.verdict == "warning"
    assert str(found.what) == (
        "The token may more than it needs, from / on: Permissions.Modify, Sys.PowerMgmt."
    )
    assert found.commands[1].startswith("pveum acl delete / --roles ROLE --users t@pve")


def test_roots_own_token_is_a_warning() -> None:
    found = ill(Still(), settings(token_id="root@pam!x"))
    assert list(found) == ["The token belongs to root@pam, who may do everything."]


# ------------------------------------------------------------- documents


def script_rights(version: str, **switches: str) -> dict[str, set[str]]:
    """What the script would give each role, read from its text as a shell would."""
    text = (DOCS / "pve-token.sh").read_text()
    values: dict[str, str] = {}

    def assign(line: str) -> None:
        for name, value in re.findall(r'\b(rights|import|overview)="([^"]*)"', line):
            values[name] = re.sub(r"\$(\w+)", lambda m: values[m[1]], value)

    head, _, rest = text.partition("case $(pveversion) in\n")
    body, _, tail = rest.partition("esac")
    for line in head.splitlines():
        assign(line)
    for pattern, branch in re.findall(r"^  (\S+)\)(.*?);;", body, re.S | re.M):
        form = re.escape(pattern).replace(r"\*", ".*").replace(r"\[", "[").replace(r"\]", "]")
        if re.fullmatch(form, f"pve-manager/{version}/x"):
            for line in branch.splitlines():
                assign(line)
            break
    for switch, line in re.findall(r"\$\{(IMPORT|BACKUP_JOB):.*\|\| (.*)", tail):
        if switches.get(switch, "yes") != "no":
            assign(line)
    return {
        ROLE: set(values["rights"].split(",")),
        CLUSTER_ROLE: set(values["overview"].split(",")),
    }


@pytest.mark.parametrize("version", ["8.0.4", "8.1.10", "8.2.2", "8.4.14", "9.0.3", "9.1.8"])
@pytest.mark.parametrize("role", [ROLE, CLUSTER_ROLE])
def test_the_script_grants_exactly_the_table(version: str, role: str) -> None:
    number = version_of(version)
    assert number
    assert script_rights(version)[role] == role_privileges(number, role)


def test_what_the_script_leaves_out_on_wish_is_what_is_for_that_alone() -> None:
    plain = script_rights("9.1.8", IMPORT="no", BACKUP_JOB="no")
    uses = {
        (ROLE if need.place != "cluster" else CLUSTER_ROLE): need.privilege
        for need in NEEDS
        if need.use == "job"
    }
    imports = {need.privilege for need in NEEDS if need.use == "import"}
    others = {need.privilege for need in NEEDS if need.use != "import"}
    assert role_privileges((9, 1)) - plain[ROLE] == imports - others
    assert role_privileges((9, 1), CLUSTER_ROLE) - plain[CLUSTER_ROLE] == set(uses.values())


def test_the_guide_lists_exactly_the_table() -> None:
    rows = re.findall(r"^\| `([A-Za-z.]+)` \| ([a-z]+) \|", (DOCS / "proxmox.md").read_text(), re.M)
    assert sorted(rows) == sorted((need.privilege, need.place) for need in NEEDS)
