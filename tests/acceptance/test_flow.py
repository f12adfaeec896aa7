"""The same flow on two clusters that differ in everything, by configuration alone."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
from pathlib import Path
from typing import Any

import asyncssh
import httpx
import pytest

from tests.acceptance.office import PEOPLE, Office, opened
from tests.acceptance.papers import APPLICANT, PRIVATE_KEY, details, letter


@pytest.mark.xdist_group("acceptance")
def test_a_first_cluster(office: Office) -> None:
    from_command_line_to_proof(office)


@pytest.mark.xdist_group("acceptance-another")
def test_another_cluster_by_configuration_alone(tmp_path: Path) -> None:
    two = {name: PEOPLE[name] for name in ("sari", "rina")}
    with opened(Office(tmp_path / "banyumas", "banyumas")) as other:
        other.set_up("127.99.0.0/24", people=two)
        other.set("vmid_range", "[2500, 2510]")
        other.start()
        machine = from_command_line_to_proof(other)
        assert 2500 <= machine["vmid"] <= 2510


def from_command_line_to_proof(office: Office) -> dict[str, Any]:
    """One request as its people would do it; returns the machine that stands."""
    found = office.did("doctor")
    assert found["failed"] == 0, found
    number = file_by_command(office)
    plan = office.did("request", "plan", number, who="rina")
    assert {"id", "digest", "made_at", "holds_until", "summary", "expected_seconds"} <= set(plan)
    for step in plan["steps"]:
        assert {"key", "title", "target", "driver", "changes", "undo"} <= set(step)
        assert all({"object", "before", "after"} <= set(change) for change in step["changes"])
    assert all(risk["level"] and risk["text"] for risk in plan["risks"])
    run = office.did("request", "approve", number, "--digest", plan["digest"], "--yes", who="rina")
    watched = office.command("request", "watch", number, who="sari")
    assert watched.returncode == 0, watched.stdout + watched.stderr
    assert office.did("run", "show", run["run"], who="rina")["state"] == "succeeded"
    report = office.proven(number)
    assert {"number", "state", "outcome", "instance", "proof", "handover"} <= set(report)
    machine = report["instance"]
    assert machine["cluster"] == office.cluster
    assert ipaddress.ip_address(machine["addresses"][0]) in ipaddress.ip_network(office.cidr)
    standing = office.did("instance", "list", who="sari")
    assert machine["vmid"] in {instance["vmid"] for instance in standing}
    assert asyncio.run(hostname_by_login(machine)) == machine["name"]
    opens_once(office, number)
    return dict(machine)


def file_by_command(office: Office) -> str:
    answers = office.directory / "vps.yml"
    answers.write_text(json.dumps(details()))
    person = office.directory / "me.yml"
    person.write_text(json.dumps(APPLICANT))
    scan = office.directory / "surat.pdf"
    scan.write_bytes(letter())
    made = office.did(
        "request", "new", "--department", "dinkes", "--applicant", str(person),
        "--details", str(answers), "--letter", str(scan), "--letter-number", "005/12",
        "--letter-date", "2026-11-20", "--signatory", "dr. Ani Lestari",
        "--signatory-position", "Kepala Dinas Kesehatan", who="sari",
    )  # fmt: skip
    assert made["state"] == "draft"
    assert re.fullmatch(r"VPS-\d{4}-\d{4}", made["number"])
    waiting = office.command("request", "watch", made["number"], who="sari")
    assert waiting.returncode == 3, "a draft waits for a person"
    handed_in = office.did("request", "submit", made["number"], who="sari")
    assert (handed_in["state"], bool(handed_in["due_at"])) == ("submitted", True)
    return str(made["number"])


async def hostname_by_login(machine: dict[str, Any]) -> str:
    """Log in as the applicant, to the host key that the report names and no other."""
    known = asyncssh.import_known_hosts(f"* {machine['host_key']}\n")
    key = asyncssh.import_private_key(PRIVATE_KEY)
    async with asyncssh.connect(
        machine["addresses"][0], machine["ssh_port"], username=machine["user"],
        client_keys=[key], known_hosts=known, config=None, agent_path=None,
    ) as connection:  # fmt: skip
        done = await connection.run("hostname", check=True)
    return str(done.stdout).strip()


def opens_once(office: Office, number: str) -> None:
    """The hand-over link shows a password on the first asking for it, and never again."""
    link = office.get(f"/requests/{number}/report", "sari")["handover"]["url"]
    with httpx.Client(trust_env=False, timeout=30) as browser:
        asked = [browser.get(link), browser.get(link)]
        assert [a.status_code for a in asked] == [200, 200], "looking does not use it up"
        first, second = browser.post(link), browser.post(link)
        assert first.status_code == 200
        assert second.status_code == 410
        assert browser.get(link).status_code == 410
    secret = shown_secret(first.text)
    assert secret not in asked[0].text + second.text


def shown_secret(page: str) -> str:
    """The password on an opened hand-over page."""
    found = re.search(r"<(?:code|output|samp|kbd)[^>]*>\s*([^<\s]{8,})\s*<", page)
    assert found, page
    return found[1]
