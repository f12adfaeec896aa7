"""A server's life over HTTP alone: made, changed, saved, put back, switched off, ended."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from tests.acceptance.office import Json, Office
from tests.acceptance.papers import key_pair
from tests.acceptance.test_flow import hostname_by_login

pytestmark = [pytest.mark.xdist_group("acceptance"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def instance(office_of_worker: Office) -> Json:
    """A server that stands, for all tests of this module in their order."""
    until = date.today() + timedelta(days=60)  # noqa: DTZ011 - a day of use, no moment
    number, _ = office_of_worker.approved(until=until.isoformat())
    report: Json = office_of_worker.proven(number)["instance"]
    (found,) = [i for i in office_of_worker.get("/instances", "sari") if i["request"] == number]
    assert {"id", "kind", "cluster", "node", "vmid", "uuid", "name", "addresses"} <= set(found)
    assert (found["kind"], found["state"]) == ("vm", "active")
    assert (found["vmid"], found["name"]) == (report["vmid"], report["name"])
    return dict(found)


def ask(office: Office, instance: Json, action: str, who: str = "sari", **details: Any) -> str:
    """The number of the request that the action has become."""
    answer = office[who].post(f"/instances/{instance['id']}/actions/{action}", json=details)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["service"], made["state"]) == ("cloud_vps", "submitted")
    assert answer.headers["location"].endswith(f"/requests/{made['number']}")
    return str(made["number"])


def done(office: Office, instance: Json, action: str, who: str = "sari", **details: Any) -> Json:
    """Asked for, planned, approved, carried out; the instance as it is then."""
    number = ask(office, instance, action, who, **details)
    answer = office["rina"].post(f"/requests/{number}/plan")
    assert answer.status_code == 201, answer.text
    plan = answer.json()
    assert all(step["title"] and step["target"] and "undo" in step for step in plan["steps"])
    answer = office["dewi"].post(f"/requests/{number}/approve", json={"digest": plan["digest"]})
    assert answer.status_code == 202, answer.text
    view = office.request_is(number, "done", "attention", "planned")
    assert view["state"] == "done", office.get(f"/runs/{answer.json()['run']}")
    assert office.get(f"/requests/{number}/report")["outcome"] == "succeeded"
    found: Json = office.get(f"/instances/{instance['id']}", "sari")
    return found


def machine(office: Office, instance: Json) -> Json | None:
    """As the lab has it."""
    found = [vm for vm in office.machines() if vm["vmid"] == instance["vmid"]]
    return found[0] if found else None


def test_only_its_own_department_may_ask(office: Office, instance: Json) -> None:
    path = f"/instances/{instance['id']}/actions/restart"
    assert office["tono"].post(path, json={}).status_code == 404
    assert office["arif"].post(path, json={}).status_code in (403, 409)
    assert office[""].post(path, json={}).status_code == 401
    unknown = office["sari"].post(f"/instances/{instance['id']}/actions/explode", json={})
    assert unknown.status_code == 409
    assert unknown.json()["type"].endswith("wrong-state")


@pytest.mark.parametrize(
    ("action", "details"),
    [
        ("resize", {"size": "enormous"}),
        ("snapshot", {"name": "a b; rm -rf /"}),
        ("add_key", {"ssh_keys": ["ssh-rsa nonsense"]}),
        ("rebuild", {"confirm": "another-name"}),
        ("end", {"confirm": "another-name"}),
    ],
)
def test_what_does_not_hold_is_not_asked(
    office: Office, instance: Json, action: str, details: Json
) -> None:
    answer = office["sari"].post(f"/instances/{instance['id']}/actions/{action}", json=details)
    if answer.status_code == 201:  # what only the plan can know
        answer = office["rina"].post(f"/requests/{answer.json()['number']}/plan")
    assert answer.status_code in (409, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"]
    stands = machine(office, instance)
    assert stands is not None
    assert (stands["status"], stands["snapshots"]) == ("running", [])


def test_it_grows(office: Office, instance: Json) -> None:
    after = done(office, instance, "resize", size="medium")
    assert after["size"] == "medium"
    stands = machine(office, instance)
    assert stands is not None
    assert (int(stands["config"]["cores"]), stands["status"]) == (2, "running")


def test_its_state_is_saved_and_put_back(office: Office, instance: Json) -> None:
    after = done(office, instance, "snapshot", name="sebelum", note="sebelum pembaruan")
    assert list(after["snapshots"]) == ["sebelum"]
    done(office, instance, "rollback", snapshot="sebelum")
    after = done(office, instance, "delete_snapshot", snapshot="sebelum")
    assert after["snapshots"] == {}
    stands = machine(office, instance)
    assert stands is not None
    assert (stands["status"], stands["snapshots"]) == ("running", [])


def test_a_backup_is_made_and_restored(office: Office, instance: Json) -> None:
    done(office, instance, "backup", note="sebelum pembaruan")
    (backup,) = office.get(f"/instances/{instance['id']}/backups", "sari")
    after = done(office, instance, "restore", backup=backup["volume"], confirm=instance["name"])
    assert (after["state"], after["uuid"]) == ("active", instance["uuid"])


def test_a_further_key_lets_in(office: Office, instance: Json) -> None:
    _, public = key_pair()
    done(office, instance, "add_key", ssh_keys=[public])
    stands = machine(office, instance)
    assert stands is not None
    assert public.split()[1] in " ".join(stands["guest"]["keys"])
    assert asyncio.run(hostname_by_login(instance)) == instance["name"]


def test_off_and_on_and_moved(office: Office, instance: Json) -> None:
    done(office, instance, "stop")
    done(office, instance, "start")
    done(office, instance, "restart")
    assert "move" not in office.get(f"/instances/{instance['id']}", "sari")["actions"]
    assert "move" in office.get(f"/instances/{instance['id']}", "rina")["actions"]
    after = done(office, instance, "move", who="rina")
    assert after["node"] != instance["node"]
    stands = machine(office, instance)
    assert stands is not None
    assert (stands["node"], stands["status"]) == (after["node"], "running")


def test_it_is_kept_longer_and_switched_off_for_a_while(office: Office, instance: Json) -> None:
    until = date.today() + timedelta(days=90)  # noqa: DTZ011 - a day of use, no moment
    after = done(office, instance, "extend", until=until.isoformat())
    assert after["expires_at"] > instance["expires_at"]
    after = done(office, instance, "suspend")
    assert after["state"] == "suspended"
    assert "restart" not in after["actions"]
    assert done(office, instance, "resume")["state"] == "active"


def test_the_end_begins_with_its_grace(office: Office, instance: Json) -> None:
    backups = f"/instances/{instance['id']}/backups"
    before = office.get(backups, "sari")
    after = done(office, instance, "end", confirm=instance["name"])
    assert after["state"] == "suspended"
    assert after["remove_at"]
    stands = machine(office, instance)
    assert stands is not None
    assert stands["status"] == "stopped"
    assert len(office.get(backups, "sari")) == len(before) + 1
