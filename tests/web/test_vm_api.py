"""Life of a virtual server over JSON: its actions, what differs, what is left, what is by hand."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.web.cluster import administrator
from tests.web.stage import Stage

REQUESTS, INSTANCES = "/api/v1/requests", "/api/v1/instances"


@pytest.fixture(scope="module")
def vm(stage: Stage) -> str:
    """A virtual server that stands."""
    number, _ = stage.approved(until="2027-06-30")
    return str(stage.request_until(number, "done")["instance"])


def test_a_snapshot_is_asked_for_taken_and_named(stage: Stage, vm: str) -> None:
    path, key = f"{INSTANCES}/{vm}/actions", {"Idempotency-Key": str(uuid4())}
    bad = stage["sari"].post(f"{path}/snapshot", json={"name": "1 bukan nama"})
    assert bad.json()["errors"][0]["pointer"] == "/details/name"
    asked = {"name": "sebelum-ubah", "keep_days": 5}
    made = [stage["sari"].post(f"{path}/snapshot", json=asked, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201], made[0].text
    number = made[0].json()["number"]
    assert made[1].json()["number"] == number
    stage.carried_out(number)
    assert list(stage["sari"].get(f"{INSTANCES}/{vm}").json()["snapshots"]) == ["sebelum-ubah"]


def test_only_the_office_moves_and_only_the_own_is_seen(stage: Stage, vm: str) -> None:
    path = f"{INSTANCES}/{vm}"
    assert "move" not in stage["sari"].get(path).json()["actions"]
    assert {"move", "settle"} <= set(stage["rina"].get(path).json()["actions"])
    assert stage["sari"].post(f"{path}/actions/move", json={}).status_code == 409
    for call in (path, f"{path}/drift"):
        assert stage["tono"].get(call).status_code == 404
    assert stage["tono"].post(f"{path}/look").status_code == 404


def test_a_difference_is_found_and_settled(stage: Stage, vm: str) -> None:
    one = stage["rina"].get(f"{INSTANCES}/{vm}").json()
    with administrator(stage) as pve:
        changed = {"description": pve.config(one)["description"], "name": "ganti-nama"}
        pve.set(one, changed)
    seen = stage["rina"].post(f"{INSTANCES}/{vm}/look").json()
    assert [finding["key"] for finding in seen["findings"]] == ["name"]
    for who in ("rina", "sari"):
        told = stage[who].get("/api/v1/drift").json()["instances"]
        assert vm in {one["instance"] for one in told}
    assert stage["tono"].get("/api/v1/drift").json() == {"instances": [], "clusters": []}
    settle = {"how": "restore", "what": ["name"]}
    asked = stage["rina"].post(f"{INSTANCES}/{vm}/actions/settle", json=settle)
    assert asked.status_code == 201, asked.text
    stage.carried_out(asked.json()["number"])
    assert stage["rina"].post(f"{INSTANCES}/{vm}/look").json()["findings"] == []


def test_the_office_sees_room_leftovers_and_departments(stage: Stage, vm: str) -> None:
    for path in ("/api/v1/capacity", "/api/v1/orphans"):
        assert stage["sari"].get(path).status_code == 403
    assert stage["arif"].post("/api/v1/look").status_code == 403
    [cluster] = stage["rina"].get("/api/v1/capacity").json()
    assert cluster["trouble"] is None
    resources = {one["resource"]: one["now"] for one in cluster["capacity"]["resources"]}
    memory = resources["memory_mb"]
    assert 0 < memory["free"] <= memory["limit"] <= memory["total"]
    assert {size["size"] for size in cluster["capacity"]["sizes"]} == {"small", "medium", "large"}
    [departments] = stage["sari"].get("/api/v1/overview").json()["departments"]
    assert departments["department"] == "dinkes"
    assert stage["tono"].get("/api/v1/overview").json()["departments"] == []
    assert stage["rina"].post("/api/v1/look").status_code == 200
    [left] = stage["rina"].get("/api/v1/orphans").json()
    assert left["answered_at"] is not None


def test_what_is_no_manual_step_cannot_be_reported(stage: Stage, vm: str) -> None:
    number = stage["rina"].get(f"{INSTANCES}/{vm}").json()["request"]
    run = stage["rina"].get(f"{REQUESTS}/{number}").json()["run"]
    path = f"/api/v1/runs/{run}"
    assert stage["rina"].get(f"{path}/tasks").json() == []
    assert stage["rina"].post(f"{path}/steps/vm.clone/complete", json={}).status_code == 404
    assert stage["tono"].post(f"{path}/steps/vm.clone/complete", json={}).status_code == 403
    assert stage["rina"].get(f"{path}/photos/{'a' * 64}").status_code == 404
    for wrong in ({"checklist": []}, {"answers": {"a": 1}}, {"note": 3}, []):
        refused = stage["rina"].post(f"{path}/steps/x/complete", json=wrong)
        assert refused.status_code == 422, refused.text
