"""The office's data files: the examples load, and each fault is named by file, key and remedy."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from provisioner.catalogue import check_hosts, check_inventory, inventory_schemas, load_inventory
from provisioner.catalogue.network import Port
from provisioner.errors import Misconfigured
from provisioner.settings import ClusterSettings, Settings
from provisioner.texts import render

EXAMPLES = Path(__file__).parents[2] / "inventory"
CLUSTER = ClusterSettings(
    urls=["https://pve1.example:8006"],
    verify=["sha256:00"],
    token_id="provisioner@pve!service",
    token_secret="env:PVE_DC1_SECRET",
    vmid_range=(2000, 2999),
    disk_storage="local-lvm",
)
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    shutil.copytree(EXAMPLES, tmp_path / "inventory", ignore=shutil.ignore_patterns("lab"))
    return Settings(base=tmp_path, clusters={"dc1": CLUSTER})


def edit(settings: Settings, file: str, change: Change) -> None:
    path = settings.base / "inventory" / f"{file}.yml"
    data = yaml.safe_load(path.read_text())
    change(data)
    path.write_text(yaml.safe_dump(data, sort_keys=False))


def put(path: str, value: Any) -> Change:
    def change(data: dict[str, Any]) -> None:
        *groups, last = path.split("/")
        for group in groups:
            data = data[group]
        data[last] = value

    return change


def test_the_examples_load_whole(settings: Settings) -> None:
    assert check_inventory(settings) == []
    inventory = load_inventory(settings)
    offer = inventory.cloud_vps
    assert offer is not None
    assert offer.sla_working_days == 3
    assert offer.images["debian-13"].templates["dc1"].vmid == 9000
    assert offer.images["ubuntu-2604"].templates["dc1"].tag == "tpl-ubuntu-2604"
    network = inventory.network.networks["server-opd"]
    addresses = [str(address) for address in network.addresses()]
    assert (addresses[0], addresses[-1], len(addresses)) == ("10.10.10.100", "10.10.10.199", 100)
    assert network.assigns(next(iter(network.addresses())))
    assert not network.assigns(network.gateway)
    assert next(inventory.network.cables()) == (
        Port("ap-pendopo-1", "eth0"),
        Port("sw-pendopo-1", "GigabitEthernet1/0/1"),
    )
    assert list(inventory.catalogue.offered()) == [
        "cloud_vps", "colocation", "internet", "event_wifi", "troubleshooting",
    ]  # fmt: skip
    assert inventory.catalogue.offer("unknown") is None
    assert inventory.office.signatory.position.startswith("Kepala Dinas")


def test_the_labs_files_load_whole() -> None:
    lab = EXAMPLES / "lab"
    networks = yaml.safe_load((lab / "network.yml").read_text())["networks"]
    clusters = {network["cluster"]: CLUSTER for network in networks.values()}
    settings = Settings(
        base=lab,
        clusters=clusters,
        catalogue=Path("catalogue.yml"),
        network=Path("network.yml"),
        office=Path("office.yml"),
    )
    assert check_inventory(settings) == []


def test_the_example_devices_are_those_of_the_network() -> None:
    hosts = yaml.safe_load((EXAMPLES / "hosts.yml").read_text())["all"]["children"]
    named = {name for group in hosts.values() for name in group["hosts"]}
    network = yaml.safe_load((EXAMPLES / "network.yml").read_text())
    cabled = {end.partition(":")[0] for link in network["links"] for end in link}
    serving = {ap for place in network["places"].values() for ap in place["access_points"]}
    assert cabled | serving == named
    assert set(hosts) <= {"routers", "switches", "access_points", "probes"}


def test_other_services_keep_keys_of_their_own(settings: Settings) -> None:
    edit(settings, "catalogue", put("services/troubleshooting/max_devices", 250))
    offer = load_inventory(settings).catalogue.offer("troubleshooting")
    assert offer is not None
    assert offer.model_extra == {"max_devices": 250}


def test_storage_of_the_size_goes_before_the_images(settings: Settings) -> None:
    edit(settings, "catalogue", put("services/cloud_vps/sizes/large/disk_storage", "nvme"))
    edit(settings, "catalogue", put("services/cloud_vps/images/debian-13/disk_storage", "ceph"))
    offer = load_inventory(settings).cloud_vps
    assert offer is not None
    assert offer.disk_storage("large", "debian-13") == "nvme"
    assert offer.disk_storage("small", "debian-13") == "ceph"
    assert offer.disk_storage("small", "ubuntu-2604") is None


FAULTS = [
    ("catalogue", "services/cloud_vps/sizes/small/cores", 0, "at least 1"),
    ("catalogue", "services/cloud_vps/sizes/small/cores", "two", "whole number"),
    ("catalogue", "services/cloud_vps/sizes/small/cores", True, "whole number"),
    ("catalogue", "services/cloud_vps/sizes/small/ram", 1, "not a known key"),
    ("catalogue", "services/cloud_vps/letters", [], "at least 1 entries"),
    ("catalogue", "services/cloud_vps/letters", ["fax"], "must be one of"),
    ("catalogue", "services/cloud_vps/images/debian-13/templates/dc9", {"vmid": 1}, "at least 100"),
    ("catalogue", "services/cloud_vps/images/debian-13/templates/dc1", {}, "either vmid or tag"),
    ("catalogue", "services/cloud_vps/images/debian-13/templates/dc9", {"vmid": 900}, "are: dc1"),
    ("catalogue", "services/cloud_vps/office_key_after_handover", "maybe", "must be one of"),
    ("catalogue", "services/event_wifi/sla_working_days", -1, "at least 0"),
    ("catalogue", "services/event_wifi/max_days", 0, "at least 1"),
    ("catalogue", "services/event_wifi/max_dayz", 3, "spelling"),
    ("catalogue", "services/telephone", {}, "not a known key"),
    ("network", "networks/server-opd/cluster", "dc9", "clusters are: dc1"),
    ("network", "networks/server-opd/vlan", 4095, "at most 4094"),
    ("network", "networks/server-opd/vlan", 0, "at least 1"),
    ("network", "networks/server-opd/cidr", "10.10.10.5/24", "must be a network"),
    ("network", "networks/server-opd/gateway", "10.10.11.1", "inside cidr"),
    ("network", "networks/server-opd/gateway", "10.10.10.0", "inside cidr"),
    ("network", "networks/server-opd/gateway", "router", "must be an IPv4 address"),
    ("network", "networks/server-opd/assignable", ["10.10.10.9-10.10.10.2"], "before it begins"),
    ("network", "networks/server-opd/assignable", ["10.10.11.9"], "not inside cidr"),
    ("network", "networks/server-opd/assignable", ["10.10.10.200-10.10.10.255"], "not inside"),
    ("network", "networks/server-opd/assignable", ["10.10.10.1-10.10.10.9"], "contains 10.10.10.1"),
    ("network", "networks/server-opd/assignable", ["10.10.10.5", "10.10.10.5"], "named twice"),
    ("network", "networks/server-opd/assignable", ["x"], "a range such as"),
    ("network", "networks/server-opd/bridge", "vm br0", "not written in the form"),
    ("network", "event_networks/event-1/vlan", "301", "whole number"),
    ("network", "event_networks/event-2/vlan", 301, "event network event-1"),
    ("network", "places/aula-pendopo/site", "nowhere", "sites are: dinkominfo, pendopo"),
    ("network", "segments/opd/vlans", ["400-"], "such as 400-449"),
    ("network", "segments/opd/vlans", ["449-400"], "above its begin"),
    ("network", "segments/opd/vlans", [0], "from 1 to 4094"),
    ("network", "segments/opd/vlans", [True], "such as 400-449"),
    ("network", "segments/opd/vlans", ["400-410", 405], "405 is named twice"),
    ("network", "segments/opd/vlans", ["400-449", 301], "301 belongs to event_networks.event-1"),
    ("network", "segments/opd/vlans", ["400-449", 140], "140 belongs to colocation_networks"),
    ("network", "segments/opd/vlans", ["400-449", 120], "120 belongs to networks.server-opd"),
    ("network", "segments/opd/vlans", ["99", "400-449"], "99 belongs to management_vlan"),
    ("network", "segments/opd/cidr", "10.10.0.0/16", "is not of this segment"),
    ("network", "segments/opd/reserved", ["10.41.0.0/24"], "10.41.0.0/24 is not of this"),
    ("network", "segments/opd/reserved", [399], "399 is not of this"),
    ("network", "segments/opd/reserved", ["10.40.0/24"], "or a network such as"),
    ("network", "segments/opd/prefix", 31, "at most 30"),
    ("network", "segments/opd/prefix", 15, "at least 16"),
    ("network", "segments/opd/lease_hours", 0, "at least 1"),
    ("network", "segments/opd/walls", ["10.0.0.1/8"], "must be a network"),
    ("network", "segments/spare", {"vlans": [449], "cidr": "10.41.0.0/16"}, "segment opd too"),
    ("network", "segments/spare", {"vlans": [500], "cidr": "10.40.8.0/22"}, "with segment opd"),
    ("network", "segments/spare", {"vlans": [500], "cidr": "10.10.40.0/23"}, "under reserved"),
    ("network", "segments/spare", {"vlans": [5], "cidr": "10.9.0.0/25"}, "would not fit"),
    ("network", "management_vlan", 140, "given away by colocation_networks.colo-1"),
    ("network", "sites/pendopo/segment", "nowhere", "segments are: opd"),
    ("network", "sites/dinkominfo/ports", ["sw-core-1:Gi1/0/20"], "need the segment"),
    ("network", "sites/pendopo/ports", ["sw-pendopo-1"], "not written in the form"),
    ("network", "sites/pendopo/ports", ["sw-x:1", "sw-x:1"], "under sites.pendopo already"),
    ("network", "sites/pendopo/ports", ["sw-core-1:GigabitEthernet1/0/10"], "under racks.r1"),
    ("network", "sites/pendopo/ports", ["sw-core-1:GigabitEthernet1/0/24"], "already has a cable"),
    ("network", "routers/rt-core-1/outside", "", "not written in the form"),
    ("catalogue", "services/event_wifi/segment", "nowhere", "segments are: opd"),
    ("catalogue", "services/internet/default_mbps", 200, "at most max_mbps"),
    ("catalogue", "services/internet/max_days", 0, "at least 1"),
    ("network", "links", [["a:1", "b:2", "c:3"]], ""),
    ("network", "links", [["a", "b:2"]], "not written in the form"),
    ("network", "links", [["a:1", "a:2"]], "with itself"),
    ("network", "links", [["a:1", "b:2"], ["c:1", "b:2"]], "already has a cable"),
    ("office", "time_zone", "Asia/Purbalingga", "is not a time zone"),
    ("office", "working_hours", {}, "at least 1"),
    ("office", "working_hours", {"monday": "16:00-07:30"}, "closes before it opens"),
    ("office", "working_hours", {"monday": "early"}, "must be office hours"),
    ("office", "working_hours", {"someday": "07:30-16:00"}, "must be one of"),
    ("office", "extra_holidays", {"2026-02-30": "x"}, "YYYY-MM-DD"),
    ("office", "extra_holidays", {"2027-12-24": "x"}, "remove one"),
    ("office", "signatories", {}, "at least 1"),
    ("office", "signatories/head/employee_id", 197001011990011001, "put it in quotes"),
    ("office", "other_hours", [{"title": "R", "first": "2026-02-02", "last": "2026-02-01",
                               "hours": {"monday": "08:00-15:00"}}], "exchange"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "key", "value", "remedy"), FAULTS)
def test_a_fault_is_named_by_file_key_and_remedy(
    settings: Settings, file: str, key: str, value: Any, remedy: str
) -> None:
    edit(settings, file, put(key, value))
    with pytest.raises(Misconfigured) as caught:
        load_inventory(settings)
    fault = caught.value
    assert fault.file.endswith(f"inventory/{file}.yml")
    assert remedy in render(fault.remedy, "en")
    assert render(fault.remedy, "id") != render(fault.remedy, "en")
    place = key.replace("/", ".")
    assert place.startswith(fault.key) or fault.key.startswith(place) or fault.key == "-"


def test_two_networks_may_not_share_addresses(settings: Settings) -> None:
    def twin(data: dict[str, Any]) -> None:
        data["networks"]["twin"] = {**data["networks"]["server-opd"], "vlan": 121}

    edit(settings, "network", twin)
    (fault,) = check_inventory(settings)
    assert fault.key == "networks.twin.assignable"


def test_what_is_reserved_may_be_used_elsewhere(settings: Settings) -> None:
    def kept(data: dict[str, Any]) -> None:
        data["segments"]["opd"] |= {
            "vlans": ["99-301", 400], "cidr": "10.0.0.0/8",
            "reserved": [99, 120, 130, 140, 301, "10.10.0.0/16", "10.31.0.0/16"],
        }  # fmt: skip
        data["event_networks"] = {"event-1": {"vlan": 301, "cidr": "10.31.1.0/24"}}

    edit(settings, "network", kept)
    segment = load_inventory(settings).network.segments["opd"]
    assert segment.vlan_ids()[:2] == [100, 101]
    assert not {120, 301} & set(segment.vlan_ids())
    assert all(not scope.overlaps(cut) for scope in segment.scopes() for cut in segment.kept())


def test_devices_of_sites_and_routers_are_known(settings: Settings) -> None:
    def wrong(data: dict[str, Any]) -> None:
        data["sites"]["pendopo"] |= {"ports": ["rt-core-1:ether9", "sw-none:1"],
                                     "access_points": ["sw-core-1"]}  # fmt: skip
        data["routers"] = {"sw-core-1": {}, "rt-none": {}}

    edit(settings, "network", wrong)
    hosts = yaml.safe_load((EXAMPLES / "hosts.yml").read_text())["all"]["children"]
    known = {
        name: SimpleNamespace(groups=frozenset({group}))
        for group, members in hosts.items()
        for name in members["hosts"]
    }
    faults = check_hosts(load_inventory(settings).network, known)
    assert [fault.key for fault in faults] == [
        "sites.pendopo.access_points", "sites.pendopo.ports.0", "sites.pendopo.ports.1",
        "routers.sw-core-1", "routers.rt-none",
    ]  # fmt: skip
    assert check_hosts(load_inventory(settings).network, {}) != []


def test_all_faults_are_listed_at_once(settings: Settings) -> None:
    edit(settings, "catalogue", put("services/cloud_vps/sizes/small/cores", 0))
    edit(settings, "network", put("networks/server-opd/cluster", "dc9"))
    (settings.base / "inventory" / "office.yml").unlink()
    files = [Path(fault.file).name for fault in check_inventory(settings)]
    assert files == ["catalogue.yml", "office.yml", "network.yml"]


def test_what_is_no_yaml_names_the_line(settings: Settings) -> None:
    path = settings.base / "inventory" / "network.yml"
    path.write_text("networks:\n  a: {cluster: dc1\n")
    (fault,) = check_inventory(settings)
    assert fault.key.startswith("line ")
    path.write_text("sites: {}\nplaces: {}\nsites: {}\n")
    (fault,) = check_inventory(settings)
    assert (fault.key, "sites" in str(fault.remedy)) == ("line 3", True)
    path.write_bytes(b"sites: \xff\xfe")
    assert "UTF-8" in str(check_inventory(settings)[0].remedy)


def test_an_empty_file_is_called_so(settings: Settings) -> None:
    path = settings.base / "inventory" / "network.yml"
    path.write_text("# nothing yet\n")
    (fault,) = [each for each in check_inventory(settings) if each.file == str(path)]
    assert "is empty" in str(fault)


def test_no_python_is_made_from_yaml(settings: Settings) -> None:
    path = settings.base / "inventory" / "network.yml"
    path.write_text("sites: !!python/object/apply:os.system ['true']\n")
    assert check_inventory(settings)[0].key == "line 1"


def test_schemas_describe_every_key() -> None:
    schemas = inventory_schemas()
    assert set(schemas) == {"catalogue", "network", "office"}
    json.dumps(schemas)
    for schema in schemas.values():
        for model in (schema, *schema["$defs"].values()):
            for name, field in model.get("properties", {}).items():
                assert field.get("description"), (model["title"], name)
