"""Weak SSH algorithms: needed, allowed in vain, offered beside strong ones; on real servers."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import asyncssh
import pytest

from provisioner.doctor.crypto import examine_crypto
from provisioner.drivers.network import Host
from provisioner.drivers.ssh_offers import Offer, offers
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CampusPlan, DevicePlan
from provisioner.texts import render
from tests.integration.harness import free_network

DEVICES = (DevicePlan("sw-new"), DevicePlan("sw-old", legacy=True, key_type="ssh-rsa"))


@pytest.fixture(scope="module")
def hosts() -> Iterator[dict[str, Host]]:
    with DeviceLab(CampusPlan(DEVICES, cidr=free_network().cidr)) as lab:
        yield lab.hosts()


def told(*hosts: Host) -> dict[str, tuple[str, str]]:
    return {
        one.subject: (one.verdict, render(one.what, "en"))
        for one in examine_crypto({host.name: host for host in hosts})
    }


def test_an_old_switch_needs_it_and_a_new_one_does_not(hosts: dict[str, Host]) -> None:
    old, new = hosts["sw-old"], hosts["sw-new"]
    found = offers(hosts)
    assert isinstance(found["sw-old"], Offer)
    assert found["sw-old"].needs_legacy
    assert "diffie-hellman-group1-sha1" in found["sw-old"].weak
    assert isinstance(found["sw-new"], Offer)
    assert not found["sw-new"].needs_legacy
    assert told(old, new).keys() == {"sw-old"}, "nothing to say of a good one"
    unset = told(replace(old, legacy_crypto=False))
    assert unset["sw-old"][0] == "failed"
    assert "3des-cbc" in unset["sw-old"][1]
    allowed = told(old, replace(new, legacy_crypto=True))
    assert allowed["sw-old"][0] == "warning"
    assert "does not need them" in allowed["sw-new"][1]


def test_weak_ones_beside_strong_ones_are_told_too() -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(work: Any) -> Any:
        async def go() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(go(), loop).result(10)

    key = asyncssh.generate_private_key("ssh-ed25519")
    server = run(asyncssh.listen("127.0.0.1", 0, server_host_keys=[key],
                                 encryption_algs=["aes256-ctr", "3des-cbc"]))  # fmt: skip
    host = Host("ap-1", "mikrotik_routeros", frozenset(), "127.0.0.1", server.get_port(), "u")
    try:
        verdict, text = told(host)["ap-1"]
    finally:
        server.close()
        run(server.wait_closed())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
    assert verdict == "warning"
    assert "3des-cbc" in text


def test_what_is_no_ssh_server_gives_a_reason_and_no_finding() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        def answer() -> None:
            connection, _ = other.accept()
            with connection:
                connection.sendall(b"220 mail\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        host = Host("x", "linux", frozenset(), "127.0.0.1", port, "u")
        found = offers({"x": host})["x"]
        thread.join()
    assert not isinstance(found, Offer)
    assert told(host) == {}
