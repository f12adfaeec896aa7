"""Which ports are asked when an address is probed, and what counts as an answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from provisioner.drivers.hypervisor import TemplateKey
from provisioner.facts.cloud_vps import PROBED_PORTS, probe, read_facts
from tests.unit import plans_world as world


@dataclass
class Listener(world.SmallSeat):
    """Remembers the ports that were asked for."""

    ports: list[tuple[int, ...]] = field(default_factory=list)

    def answers(self, address: str, ports: tuple[int, ...]) -> str | None:
        self.ports.append(ports)
        return super().answers(address, ports)


def test_the_ssh_port_comes_first_and_none_twice() -> None:
    seat = Listener()
    probe(seat, ("10.10.10.100",), 2222)
    probe(seat, ("10.10.10.100",), 22)
    assert seat.ports == [(2222, *PROBED_PORTS), PROBED_PORTS]


def test_on_the_loopback_network_only_the_ssh_port_tells_something() -> None:
    seat = Listener()
    probe(seat, ("127.31.7.100",), 2222)
    assert seat.ports == [(2222,)]


def test_only_what_answers_is_reported() -> None:
    seat = Listener(strangers={"10.10.10.101": "icmp"})
    found = read_facts(
        world.SmallCluster(), seat, (TemplateKey(vmid=9001),),
        addresses=("10.10.10.100", "10.10.10.101"),
    )  # fmt: skip
    assert found.answering == {"10.10.10.101": "icmp"}
    assert found.cluster == world.cluster()
