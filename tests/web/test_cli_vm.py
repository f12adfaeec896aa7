"""The command line for what stands: actions, what people do by hand, and the office's overview."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.web.bodies import PUBLIC_KEY
from tests.web.stage import Stage, photo
from tests.web.test_cli_wifi import run


@pytest.fixture(scope="module")
def vm(stage: Stage) -> str:
    number, _ = stage.approved()
    return str(stage.request_until(number, "done")["instance"])


def test_actions_take_values_lists_and_files(stage: Stage, vm: str, tmp_path: Path) -> None:
    key = tmp_path / "kunci.pub"
    key.write_text(f"{PUBLIC_KEY}\n")
    asked = run(stage, "instance", "do", vm, "add_key", "--set", f"ssh_keys=@{key}", "--json")
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["details"]["ssh_keys"] == [PUBLIC_KEY]
    missing = run(stage, "instance", "do", vm, "add_key", "--set", "ssh_keys=@tidak-ada")
    assert missing.returncode == 2
    wrong = run(stage, "instance", "do", vm, "resize", "--set", "size=raksasa")
    assert wrong.returncode == 2
    assert "/details/size" in wrong.stderr
    assert vm in run(stage, "instance", "show", vm).stdout


def test_the_overview_is_printed_for_people_and_programs(stage: Stage, vm: str) -> None:
    shown = run(stage, "capacity")
    assert shown.returncode == 0, shown.stderr
    assert "pve1" in shown.stdout
    [cluster] = json.loads(run(stage, "capacity", "--json").stdout)
    assert cluster["capacity"]["sizes"]
    assert "clusters" in json.loads(run(stage, "drift", "--json").stdout)
    orphans = run(stage, "orphans", "--look", "--json")
    assert json.loads(orphans.stdout)[0]["answered_at"] is not None


def test_work_by_hand_is_listed_and_reported(stage: Stage, tmp_path: Path) -> None:
    _, id = stage.approved(service="colocation")
    stage.run_until(id, "waiting_person")
    shown = run(stage, "run", "show", id).stdout
    assert "--tick mounted" in shown
    picture = tmp_path / "depan.jpg"
    picture.write_bytes(photo())
    some = run(stage, "run", "complete", id, "colocation.rack", "--tick", "mounted")
    assert some.returncode == 2
    assert "/answers/serial" in some.stderr
    [task] = stage["rina"].get(f"/api/v1/runs/{id}/tasks").json()
    ticks = [word for point in task["checklist"] for word in ("--tick", point["key"])]
    done = run(
        stage, "run", "complete", id, "colocation.rack", *ticks, "--answer", "serial=SN-9",
        "--photo", str(picture), "--note", "Rak penuh di atas",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [task] = stage["rina"].get(f"/api/v1/runs/{id}/tasks").json()
    assert task["done"]["answers"] == {"serial": "SN-9"}
    assert len(task["done"]["photos"]) == 1
    stage["rina"].post(f"/api/v1/runs/{id}/stop")
