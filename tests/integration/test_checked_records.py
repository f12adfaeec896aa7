"""What checks are told of our books: what stands and on what, drift, and who changed what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from provisioner.catalogue.network_fields import Port
from provisioner.checks.records import Stands
from provisioner.database import now
from provisioner.instances.checked import CheckedRecords
from provisioner.runs.configurations import BACKUP
from tests.integration.harness import lab_cluster
from tests.integration.site_stage import SiteOffice
from tests.lab.devices import told

pytestmark = [pytest.mark.xdist_group("checked-records"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[SiteOffice]:
    base = tmp_path_factory.getbasetemp() / "offices" / uuid4().hex
    with lab_cluster(certificates) as lab, SiteOffice(base, lab) as made:
        yield made


@pytest.fixture(scope="module")
def number(office: SiteOffice) -> str:
    """A connected school with WiFi."""
    made = office.connect(ssid="SMP1-Guru", security="wpa2-personal", passphrase="rahasia-guru")
    office.fulfil(made)
    office.product.outbox.deliver_due()
    return made


@pytest.fixture(scope="module")
def records(office: SiteOffice) -> CheckedRecords:
    product = office.product
    return CheckedRecords(
        product.database, product.inventory.network, product.settings.clusters,
        product.network_drift, product.drift, product.configurations,
    )  # fmt: skip


@pytest.fixture(scope="module")
def school(records: CheckedRecords, number: str) -> Stands:
    [found] = records.stands(site="smp-1")
    assert found.number == number
    return found


def test_a_site_stands_with_its_network(records: CheckedRecords, school: Stands) -> None:
    assert (school.kind, school.department, school.vm) == ("site", "dinkes", None)
    net = school.net
    assert net is not None
    assert (net.router, net.ssids, net.access_points) == (
        "rt-core-1", ("SMP1-Guru",), ("ap-smp-1",),
    )  # fmt: skip
    assert net.gateway
    assert net.cidr.startswith(net.gateway.rpartition(".")[0])
    [port] = net.ports
    assert port.device == "sw-smp-1"
    assert {trunk.device for trunk in net.trunks} == {"sw-smp-1", "sw-core-1", "rt-core-1"}
    assert all(isinstance(trunk, Port) for trunk in net.trunks)
    assert net.served
    assert records.stands(instance=school.instance) == (school,)
    assert records.stands(site="pendopo") == ()


def test_a_vm_stands_with_its_web_addresses(office: SiteOffice, records: CheckedRecords) -> None:
    run_id = office.approve(
        office.file(
            open_ports=[{"port": 443, "protocol": "tcp"}, {"port": 8443, "protocol": "tcp"}]
        )
    )
    assert office.carry_out(run_id).state == "succeeded"
    office.product.outbox.deliver_due()
    [found] = [each for each in records.stands() if each.kind == "vm"]
    vm = found.vm
    assert vm is not None
    assert (vm.cluster, vm.running, found.net) == ("dc1", True, None)
    assert vm.urls == (f"https://{vm.addresses[0]}/",)


def test_our_own_change_is_named_with_its_request(records: CheckedRecords, number: str) -> None:
    hour = now() - timedelta(hours=1)
    changes = records.changes(["sw-smp-1", "rt-core-1"], hour)
    assert {(each.device, each.request) for each in changes} == {
        ("sw-smp-1", number), ("rt-core-1", number),
    }  # fmt: skip
    assert records.changes(["sw-smp-1"], now()) == ()
    assert records.changes(["sw-pendopo-1"], hour) == ()


def test_a_change_of_somebody_else_is_named(office: SiteOffice, records: CheckedRecords) -> None:
    history = office.product.configurations
    history.keep_all("", BACKUP, {"sw-alun-1": "hostname sw-alun-1\n"})
    hour = now() - timedelta(hours=1)
    assert records.changes(["sw-alun-1"], hour) == (), "the first version tells of no change"
    history.keep_all("", BACKUP, {"sw-alun-1": "hostname sw-alun-1\nip routing\n"})
    [change] = records.changes(["sw-alun-1"], hour)
    assert (change.device, change.request) == ("sw-alun-1", "")
    assert "+ip routing" in str(change.what)


def test_drift_is_read_from_the_devices(
    office: SiteOffice, records: CheckedRecords, school: Stands
) -> None:
    assert records.compare([school.instance], now()).drift == {school.instance: ()}
    assert school.net is not None
    port = school.net.ports[0].port
    wrong = ("configure terminal", f"interface {port}", "switchport access vlan 1", "end")
    told(office.devices, "sw-smp-1", *wrong)
    [finding] = records.compare([school.instance], now()).drift[school.instance]
    assert (finding.host, finding.kind) == ("sw-smp-1", "changed")
    office.devices.fault("device-dead", host="sw-smp-1")
    assert records.compare([school.instance], now()).drift == {}, "it could not be compared whole"
    office.devices.clear()


def test_lines_of_others_are_told_for_as_long_as_they_are_young(
    office: SiteOffice, records: CheckedRecords, school: Stands
) -> None:
    def outside(since: datetime) -> dict[str, tuple[str, ...]]:
        return dict(records.compare([school.instance], since).outside)

    hour = now() - timedelta(hours=1)
    assert set(outside(hour).values()) == {()}
    assert {"sw-smp-1", "rt-core-1"} <= outside(hour).keys()
    stray = "/ip route add dst-address=192.0.2.0/24 gateway=203.0.113.99 comment=uji"
    office.devices.type("rt-core-1", [stray])
    [line] = outside(hour)["rt-core-1"]
    assert "/ip route: + add" in line
    assert "gateway=203.0.113.99" in line
    assert outside(now() + timedelta(seconds=1))["rt-core-1"] == (), "seen long ago by then"
    changed = [c for c in records.changes(["rt-core-1"], hour) if not c.request]
    assert ["203.0.113.99" in str(each.what) for each in changed] == [True]
    office.devices.type("rt-core-1", ["/ip route remove [find comment=uji]"])
    assert outside(hour)["rt-core-1"] == (), "taken back, it is as we left it"
