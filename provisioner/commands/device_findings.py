"""What `doctor` says of the network devices: inventory, host keys, and if asked a login each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioner.bootstrap import network_fleet
from provisioner.catalogue import check_hosts, check_inventory, load_inventory
from provisioner.doctor import Finding
from provisioner.doctor.crypto import examine_crypto
from provisioner.drivers.ansible.inventory import Hosts
from provisioner.drivers.network import Host
from provisioner.errors import Misconfigured, StepFailure
from provisioner.settings import Settings
from provisioner.texts import say


def examine_devices(settings: Settings, *, enter: bool) -> Iterator[Finding]:
    """Every finding as soon as it is made; with ``enter`` each device is logged in to once."""
    faults = inventory_faults(settings)
    for fault in faults:
        yield Finding("devices", "failed", fault.what)
    if faults:
        return
    hosts = Hosts(settings)
    fleet = network_fleet(settings, hosts)
    driven = {name: host for name, host in hosts().items() if fleet.drives(host)}
    known = _known_names(settings)
    for name, host in driven.items():
        yield _host_key(name, host, known)
    trusted = {name for name, host in driven.items() if _entry(host) in known}
    if enter:
        yield from examine_crypto(driven)
    answers: Mapping[str, object] = fleet.read(dict.fromkeys(sorted(trusted), ())) if enter else {}
    for name, answer in sorted(answers.items()):
        if isinstance(answer, StepFailure):
            yield Finding(name, "failed", answer.what, answer.next)
        else:
            yield Finding(name, "ok", say("It lets us in and is the device of that name."))


def inventory_faults(settings: Settings) -> list[Misconfigured]:
    """Faults of the Ansible inventory, and devices of network.yml that it does not know."""
    hosts = Hosts(settings)
    faults = hosts.faults()
    if not faults and not check_inventory(settings):
        network = load_inventory(settings).network
        faults = check_hosts(network, hosts(), str(settings.network))
    return faults


def _host_key(name: str, host: Host, known: frozenset[str]) -> Finding:
    if _entry(host) in known:
        return Finding(name, "ok", say("Its host key is known."))
    return Finding(
        name,
        "warning",
        say("Its host key is not known yet; nobody can log in."),
        say("Run `provisioner trust %(name)s` and compare.", name=name),
    )


def _known_names(settings: Settings) -> frozenset[str]:
    path = settings.path(settings.ssh.known_hosts)
    lines = path.read_text().splitlines() if path.exists() else []
    entries = (line.split() for line in lines if line.strip() and not line.startswith("#"))
    return frozenset(name for fields in entries for name in fields[0].split(","))


def _entry(host: Host) -> str:
    """The device's name in known_hosts."""
    return host.address if host.port == 22 else f"[{host.address}]:{host.port}"
