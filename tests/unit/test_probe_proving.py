"""What a probe is told to try where a WiFi was switched on, and what its report comes to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioner.drivers.network import Host, Scope, Ssid, Wish
from provisioner.drivers.probe import ProbeReport
from provisioner.services.probe_proving import judged, orders
from provisioner.settings import CheckSettings
from provisioner.texts import render

SSID = Ssid("WIFI-2026-0001", "Rapat", "wpa2-personal", 301, "lan1", isolate=True)
SCOPE = Scope(
    "WIFI-2026-0001", 301, "lan", "10.31.1.1/24", "10.31.1.10", "10.31.1.99", outside="wan",
    walls=("10.0.0.0/8",),
)  # fmt: skip


def host(name: str, address: str, site: str | None = "pendopo") -> Host:
    return Host(name, "linux", frozenset(), address, 22, "root", site=site)


HOSTS = {
    "ap-1": host("ap-1", "10.99.0.11"),
    "rt-1": host("rt-1", "10.99.0.1", None),
    "far-1": host("far-1", "203.0.113.9"),
    "named-1": host("named-1", "sw.example"),
}
WELL = ProbeReport(
    "pr-1", joined=True, leased=True, address="10.31.1.20", gateway="10.31.1.1", gateway_ms=2.4,
    names={"kominfo.go.id": ("1.2.3.4",)}, pages={"http://x/": 200}, mbps=12.34,
)  # fmt: skip


def asked(**params: Any) -> dict[str, Any]:
    wishes = {"ap-1": [Wish(SSID).to_json()], "rt-1": [Wish(SCOPE).to_json()]}
    return {"wishes": wishes, **params}


def test_each_probe_of_the_site_joins_with_the_key_and_tries_the_walls() -> None:
    found = orders(asked(), HOSTS, {"pendopo": ("pr-1", "pr-2")}, CheckSettings(), "rahasia-1")
    assert set(found) == {"pr-1", "pr-2"}
    order = found["pr-1"]
    assert (order.ssid, order.security, order.passphrase) == ("Rapat", "wpa2-personal", "rahasia-1")
    assert order.forbidden == ("10.99.0.1", "10.99.0.11")
    assert order.names
    assert order.urls
    assert "rahasia-1" not in repr(order)


def test_an_open_network_is_joined_without_a_key() -> None:
    wishes = {"ap-1": [Wish(replace(SSID, security="open")).to_json()]}
    found = orders({"wishes": wishes}, HOSTS, {"pendopo": ("pr-1",)}, CheckSettings(), "rahasia-1")
    assert found["pr-1"].passphrase == ""
    assert found["pr-1"].forbidden == ()


def test_nothing_is_tried_without_a_probe_and_when_it_was_switched_off() -> None:
    off = {"wishes": {"ap-1": [Wish(SSID, present=False).to_json()]}}
    assert orders(asked(), HOSTS, {"pendopo": ()}, CheckSettings(), "") == {}
    assert orders(asked(), HOSTS, {}, CheckSettings(), "") == {}
    assert orders(off, HOSTS, {"pendopo": ("pr-1",)}, CheckSettings(), "") == {}


def test_what_works_is_evidence() -> None:
    verdict = judged(WELL)
    assert verdict.passed
    assert "10.31.1.20" in render(verdict.evidence, "en")
    assert "12.3 Mbit/s" in render(verdict.evidence, "en")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"joined": False, "join_error": "not-found", "leased": None}, "does not see"),
        ({"joined": False, "join_error": "wrong-key", "leased": None}, "passphrase"),
        ({"joined": False, "join_error": "timeout", "leased": None}, "timeout"),
        ({"leased": False}, "no address"),
        ({"reached": ("10.99.0.1",)}, "10.99.0.1"),
        ({"names": {"kominfo.go.id": ()}}, "kominfo.go.id"),
        ({"pages": {"http://x/": None}}, "http://x/"),
        ({"pages": {"http://x/": 503}}, "http://x/"),
    ],
)
def test_the_first_that_does_not_work_is_told(changed: dict[str, Any], told: str) -> None:
    verdict = judged(replace(WELL, **changed))
    assert not verdict.passed
    assert told in render(verdict.evidence, "en")
