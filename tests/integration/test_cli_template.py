"""`template list|check|import` against a running lab, over its real HTTPS."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner import bootstrap
from provisioner.drivers.hypervisor import MakeVm, Order, TaskHandle, TemplateKey, VmidTaken
from provisioner.errors import ActionNeeded, OutcomeUnknown, StepFailure
from provisioner.lab.cluster import LabCluster
from provisioner.lab.plan import IMAGE, LabGuest
from provisioner.settings import Settings
from provisioner.templates.importing import Importer
from provisioner.templates.order import ImageOrder
from provisioner.texts import Message
from tests.integration.cli_tools import Terminal
from tests.integration.harness import Watched, lab_cluster, settings_for

SUM = IMAGE.checksum("sha512")
WISH = ("template", "import", "dc1", "debian-13-new", "--url", IMAGE.url, "--sha512", SUM)


@pytest.fixture
def lab(certificates: Path) -> Iterator[LabCluster]:
    with lab_cluster(certificates) as running:
        yield running


@pytest.fixture
def settings(lab: LabCluster, tmp_path: Path) -> Settings:
    return settings_for(tmp_path, lab, {}, None)


@pytest.fixture
def terminal(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Terminal:
    return Terminal(tmp_path, monkeypatch, capsys)


def order(**changes: Any) -> ImageOrder:
    values = {
        "image": "debian-13-new", "url": IMAGE.url, "checksum": SUM, "algorithm": "sha512",
        "storage": "shared", "name": "debian-13-new", "tag": "tpl-debian-13-new", "node": "pve2",
    }  # fmt: skip
    return ImageOrder(**{**values, **changes})


class Import:
    """One attempt after another, as the command makes them; ``before`` sees each order."""

    def __init__(self, settings: Settings, folder: Path, before: Any = lambda order: None) -> None:
        self.cluster = bootstrap.hypervisor(settings, "dc1")
        self.told: list[str] = []
        section = settings.clusters["dc1"]
        self.run = Importer(
            Watched(self.cluster, before), section, folder, lambda what: self.tell(what)
        ).run  # type: ignore[arg-type]

    def tell(self, what: Message) -> None:
        self.told.append(str(what))


@pytest.fixture
def attempt(settings: Settings, tmp_path: Path) -> Iterator[Any]:
    made: list[Import] = []

    def begin(before: Any = lambda order: None) -> Import:
        made.append(Import(settings, tmp_path / "var" / "templates", before))
        return made[-1]

    yield begin
    for one in made:
        one.cluster.close()


def vmids(lab: LabCluster) -> set[int]:
    return {vm["vmid"] for vm in lab.state()["vms"]}


# ------------------------------------------------------------- the command


def test_an_imported_template_is_sound_and_offered(terminal: Terminal, lab: LabCluster) -> None:
    made = terminal(*WISH, "--node", "pve2")
    assert made.status == 0, made.err
    assert "is downloaded to storage local by node pve2" in made.out
    entry = made.out[made.out.index("debian-13-new:\n") :].partition("The downloaded")[0]
    image = yaml.safe_load(entry)["debian-13-new"]
    assert image["templates"] == {"dc1": {"vmid": 9000 + 1}}, "9000 is taken"

    path = terminal.folder / "inventory" / "catalogue.yml"
    catalogue = yaml.safe_load(path.read_text())
    catalogue["services"]["cloud_vps"]["images"]["debian-13-new"] = image
    path.write_text(yaml.safe_dump(catalogue))
    checked = terminal("template", "check", "dc1", "--json")
    assert checked.status == 0, checked.out
    whats = [f["what"] for f in checked.json()["findings"]]
    assert "Image debian-13-new has its template." in whats
    assert not [what for what in whats if "9001" in what]
    listed = terminal("template", "list", "--json").json()["templates"]
    (row,) = [row for row in listed if row["vmid"] == 9001]
    assert row["images"] == ["debian-13-new"]
    assert (row["clones"], row["node"], row["storage"]) == (0, "pve2", "shared")
    assert "debian-13-new" in terminal("template", "list").out

    again = terminal(*WISH, "--node", "pve2", "--json")
    assert again.status == 0, again.err
    assert (again.json()["vmid"], again.json()["new"]) == (9001, False)


def test_on_local_storage_the_tag_names_it(terminal: Terminal) -> None:
    made = terminal(*WISH, "--node", "pve3", "--storage", "local-lvm", "--vmid", "9100", "--json")
    assert made.status == 0, made.err
    assert "dc1: {tag: tpl-debian-13-new}" in made.json()["catalogue"]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--vmid", "101"), "--vmid: belongs to another guest"),
        (("--node", "pve9"), "--node: not online"),
        (("--storage", "local"), "pvesm set local --content backup,images,import,iso,vztmpl"),
        (("--image-storage", "shared"), "pvesm set shared --content"),
        (("--disk-bus", "ide"), "--disk-bus: scsi or virtio"),
        (("--sha256", "00"), "--sha512: give either"),
        (("--name", "No_Name"), "--name: small letters"),
        (("--url", "file:///etc/passwd"), "--url: has to begin with"),
        (("--url", "https://images.contoh.example/x.qcow2.xz"), "--url: must end with"),
        (("--sha512", "abc"), "--sha512: must have 128"),
    ],
)
def test_what_does_not_hold_is_refused_before_anything_is_done(
    terminal: Terminal, lab: LabCluster, args: tuple[str, ...], told: str
) -> None:
    before = vmids(lab)
    outcome = terminal(*WISH, *args)
    assert outcome.status == 2
    assert told in outcome.err
    assert vmids(lab) == before


def test_a_cluster_that_is_not_configured_is_named(terminal: Terminal) -> None:
    outcome = terminal("template", "list", "dc9")
    assert outcome.status == 2
    assert "configured are: dc1" in outcome.err


def test_check_names_what_a_template_lacks(terminal: Terminal, lab: LabCluster) -> None:
    def spoil(pve: Any) -> None:
        config = pve.vm(9000).config
        config.pop("ide2", None)
        config.pop("agent", None)

    lab.call(spoil)
    checked = terminal("template", "check", "--json")
    assert checked.status == 1
    found = {f["what"]: f for f in checked.json()["findings"]}
    lacking = found["Template 9000 has no cloud-init drive."]
    assert lacking["commands"] == ["qm set 9000 --ide2 shared:cloudinit"]
    assert found["Template 9000 does not use the guest agent."]["verdict"] == "warning"


# ------------------------------------------------------------- broken off and taken up


def test_a_failed_download_leaves_nothing(attempt: Any, lab: LabCluster) -> None:
    before = vmids(lab)
    lab.fault("download-fails")
    with pytest.raises(StepFailure, match="download"):
        attempt().run(order())
    assert vmids(lab) == before
    lab.clear()
    assert attempt().run(order()).new


def test_a_wrong_checksum_makes_no_vm(attempt: Any, lab: LabCluster) -> None:
    before = vmids(lab)
    with pytest.raises(StepFailure):
        attempt().run(order(checksum="0" * 128))
    assert vmids(lab) == before


def test_a_making_that_fails_leaves_neither_vm_nor_disk(attempt: Any, lab: LabCluster) -> None:
    before = vmids(lab)
    lab.fault("task-fails", type="qmcreate", text="no space left", times=1)
    one = attempt()
    with pytest.raises(StepFailure):
        one.run(order())
    assert vmids(lab) == before
    assert one.cluster.volumes(9001) == ()
    assert attempt().run(order()).vmid == 9001


@pytest.mark.parametrize("broken_off_before", ["Download", "MakeVm", "MakeTemplate"])
def test_broken_off_anywhere_the_next_attempt_ends_with_one_template(
    attempt: Any, lab: LabCluster, broken_off_before: str
) -> None:
    before = vmids(lab)

    class Killed(BaseException):
        pass

    def stop(sent: Order) -> None:
        if type(sent).__name__ == broken_off_before:
            raise Killed

    with pytest.raises(Killed):
        attempt(stop).run(order())
    made = attempt().run(order())
    assert vmids(lab) - before == {made.vmid}
    assert attempt().run(order()).vmid == made.vmid


def test_an_answer_that_was_lost_is_looked_for(attempt: Any, lab: LabCluster) -> None:
    """The VM is being made although nobody was told its task (6, 7)."""
    before = vmids(lab)
    lab.fault("post-dropped", path="/qemu", times=1)
    first = attempt()
    with pytest.raises(OutcomeUnknown):
        first.run(order())
    threading.Event().wait(0.5)  # until it stands
    made = attempt().run(order())
    assert vmids(lab) - before == {made.vmid}


def test_a_vm_half_made_is_finished_or_made_anew(attempt: Any, lab: LabCluster) -> None:
    class Killed(BaseException):
        pass

    def stop(sent: Order) -> None:
        if type(sent).__name__ == "MakeTemplate":
            raise Killed

    with pytest.raises(Killed):
        attempt(stop).run(order())
    lab.call(lambda pve: pve.vm(9001).config.pop("ide2"))
    again = attempt()
    made = again.run(order())
    assert "VM 9001 of an earlier attempt is removed." in again.told
    key = TemplateKey(vmid=made.vmid)
    (template,) = again.cluster.facts((key,)).templates
    assert template.cloud_init


def test_a_strangers_vm_of_the_same_number_is_never_touched(attempt: Any, lab: LabCluster) -> None:
    """Between our choice and the call somebody takes the number (1, 2)."""

    def take(sent: Order) -> None:
        if isinstance(sent, MakeVm) and sent.vmid == 9001:
            lab.stand(LabGuest(9001, "stranger", "pve2", "shared", running=False))

    made = attempt(take).run(order())
    assert made.vmid != 9001
    stranger = lab.vm(9001)
    assert stranger is not None
    assert stranger["name"] == "stranger"


def test_a_number_that_was_wished_for_is_not_exchanged(attempt: Any, lab: LabCluster) -> None:
    def take(sent: Order) -> None:
        if isinstance(sent, MakeVm):
            lab.stand(LabGuest(9300, "stranger", "pve2", "shared", running=False))

    with pytest.raises(VmidTaken):
        attempt(take).run(order(vmid=9300))
    stranger = lab.vm(9300)
    assert stranger is not None
    assert stranger["name"] == "stranger"


def test_a_stranger_that_is_just_being_made_is_not_adopted(
    attempt: Any, lab: LabCluster, tmp_path: Path
) -> None:
    """Our intent names a number; the cluster shows a VM there without our mark, locked."""
    folder = tmp_path / "var" / "templates"
    folder.mkdir(parents=True, exist_ok=True)
    intent = {"mark": order().mark, "vmid": 9400, "task": None}
    (folder / "dc1-debian-13-new-pve2.json").write_text(json.dumps(intent))
    lab.stand(LabGuest(9400, "stranger", "pve2", "shared", running=False))
    lab.call(lambda pve: pve.vm(9400).config.update(lock="create"))
    with pytest.raises(ActionNeeded, match="left half made"):
        attempt().run(order())
    lab.call(lambda pve: pve.vm(9400).config.pop("lock"))
    assert attempt().run(order()).vmid == 9001
    assert lab.vm(9400)


def test_a_task_of_an_earlier_attempt_is_waited_for(attempt: Any, lab: LabCluster) -> None:
    """The process dies while the cluster makes the VM: no second one is begun."""
    lab.fault("task-slow", type="qmcreate", seconds=1)

    class Killed(BaseException):
        pass

    first = attempt()
    asked = first.cluster.task

    def die(handle: TaskHandle) -> Any:
        if ":qmcreate:" in handle.id:
            raise Killed
        return asked(handle)

    first.cluster.task = die  # the process is gone once the task has begun
    with pytest.raises(Killed):
        first.run(order())
    before = vmids(lab)
    again = attempt()
    made = again.run(order())
    assert "An earlier attempt is waited for." in again.told
    assert vmids(lab) == before | {made.vmid}
