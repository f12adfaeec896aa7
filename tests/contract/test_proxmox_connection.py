"""Trust, tokens, several addresses, lost answers: what becomes of a call on the wire."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.drivers.hypervisor import Clone, PowerOn
from provisioner.drivers.proxmox import ProxmoxCluster, seen_fingerprint
from provisioner.drivers.proxmox.connection import Connection
from provisioner.errors import (
    ActionNeeded,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Retriable,
    StepFailure,
)
from provisioner.texts import render
from tests.contract.scripted import Reply, ScriptedCluster, refusal
from tests.contract.stages import SECRET, TOKEN_ID, Certificate, cluster_settings

CLONE = Clone(9000, "pve1", 2001, "pve1", "web", "mark", "linked")
CLONE_PATH = "/nodes/pve1/qemu/9000/clone"
START_PATH = "/nodes/pve1/qemu/2001/status/start"
UPID = f"UPID:pve1:0000046B:0008341D:6B024AFC:qmclone:9000:{TOKEN_ID}:"


@pytest.fixture
def second(certificate: Certificate) -> Iterator[ScriptedCluster]:
    with ScriptedCluster(certificate.cert, certificate.key) as running:
        yield running


@pytest.fixture
def closed_url() -> str:
    """An address where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"https://127.0.0.1:{probe.getsockname()[1]}"


def driver_of(urls: list[str], verify: list[str], secret: str = SECRET) -> ProxmoxCluster:
    return ProxmoxCluster("dc1", cluster_settings(urls, verify), lambda: secret, Path("/"))


def everything(failure: StepFailure) -> str:
    texts = (failure.what, failure.meaning, failure.next)
    return "\n".join(render(text, lang) for text in texts for lang in ("id", "en"))


def test_one_of_several_pins_is_enough(
    scripted: ScriptedCluster, certificate: Certificate, other_certificate: Certificate
) -> None:
    scripted.on("POST", CLONE_PATH, UPID)
    driver = driver_of([scripted.url], [other_certificate.pin, certificate.pin.lower()])
    assert driver.submit(CLONE).id == UPID
    assert scripted.seen[0].authorization == f"PVEAPIToken={TOKEN_ID}={SECRET}"
    driver.close()


def test_a_ca_file_is_enough(scripted: ScriptedCluster, certificate: Certificate) -> None:
    scripted.on("POST", CLONE_PATH, UPID)
    settings = cluster_settings([scripted.url], [certificate.cert.name])
    driver = ProxmoxCluster("dc1", settings, lambda: SECRET, certificate.cert.parent)
    assert driver.submit(CLONE).id == UPID
    driver.close()


def test_a_wrong_fingerprint_is_refused_before_anything_is_sent(
    scripted: ScriptedCluster, certificate: Certificate, other_certificate: Certificate
) -> None:
    driver = driver_of([scripted.url], [other_certificate.pin])
    with pytest.raises(ActionNeeded) as caught:
        driver.submit(CLONE)
    assert caught.value.who == "administrator"
    assert certificate.pin in everything(caught.value)
    assert "provisioner trust dc1" in everything(caught.value)
    assert scripted.seen == []
    driver.close()


def test_a_certificate_of_another_ca_is_refused_before_anything_is_sent(
    scripted: ScriptedCluster,
    other_certificate: Certificate,
    monkeypatch: pytest.MonkeyPatch,
    certificate: Certificate,
) -> None:
    """The environment's own CA bundle and proxies change nothing."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.cert))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(certificate.cert))
    driver = driver_of([scripted.url], [str(other_certificate.cert)])
    with pytest.raises(ActionNeeded) as caught:
        driver.machine(2001)
    assert caught.value.who == "administrator"
    assert scripted.seen == []
    driver.close()


def test_proxies_of_the_environment_are_not_used(
    scripted: ScriptedCluster,
    certificate: Certificate,
    closed_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, closed_url.replace("https", "http"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    scripted.on("POST", CLONE_PATH, UPID)
    driver = driver_of([scripted.url], [certificate.pin])
    assert driver.submit(CLONE).id == UPID
    driver.close()


@pytest.mark.parametrize(
    "verify", [["sha256:AB:CD"], ["/no/such/ca.pem"], ["sha256:" + "AB" * 32, "/etc/ca.pem"]]
)
def test_trust_that_does_not_hold_is_said_at_start(verify: list[str]) -> None:
    with pytest.raises(Misconfigured) as caught:
        driver_of(["https://127.0.0.1:8006"], verify)
    assert caught.value.key == "clusters.dc1.verify"


def test_the_fingerprint_to_be_trusted_is_shown(
    scripted: ScriptedCluster, certificate: Certificate
) -> None:
    assert seen_fingerprint(scripted.url) == certificate.pin


def test_a_refused_connection_goes_to_the_next_address(
    scripted: ScriptedCluster, certificate: Certificate, closed_url: str
) -> None:
    scripted.on("POST", CLONE_PATH, UPID)
    driver = driver_of([closed_url, scripted.url], [certificate.pin])
    assert driver.submit(CLONE).id == UPID
    assert scripted.calls() == [f"POST {CLONE_PATH}"]
    driver.close()


def test_no_address_answers(closed_url: str, certificate: Certificate) -> None:
    """Nothing was sent, so even an order is simply tried again."""
    driver = driver_of([closed_url], [certificate.pin])
    with pytest.raises(Retriable):
        driver.submit(CLONE)
    driver.close()


def test_a_lost_answer_is_never_repeated(
    scripted: ScriptedCluster, second: ScriptedCluster, certificate: Certificate
) -> None:
    """Pitfall 7: the order may have been carried out."""
    scripted.on("POST", CLONE_PATH, Reply(drop=True))
    second.on("POST", CLONE_PATH, UPID)
    driver = driver_of([scripted.url, second.url], [certificate.pin])
    with pytest.raises(OutcomeUnknown) as caught:
        driver.submit(CLONE)
    assert CLONE_PATH in everything(caught.value)
    assert scripted.calls() == [f"POST {CLONE_PATH}"]
    assert second.calls() == []
    driver.close()


@pytest.mark.parametrize("status", [502, 503, 504, 595, 596, 597])
def test_a_gateways_error_leaves_an_order_unknown(
    scripted: ScriptedCluster, script: ProxmoxCluster, status: int
) -> None:
    """Pitfall 6."""
    scripted.on("POST", CLONE_PATH, refusal("Broken pipe", status))
    with pytest.raises(OutcomeUnknown):
        script.submit(CLONE)
    assert len(scripted.calls()) == 1


@pytest.mark.parametrize("reply", [Reply(raw=b"<html>sign in</html>"), Reply(raw=b"[]")])
def test_a_strange_success_leaves_an_order_unknown(
    scripted: ScriptedCluster, script: ProxmoxCluster, reply: Reply
) -> None:
    scripted.on("POST", CLONE_PATH, reply)
    with pytest.raises(OutcomeUnknown):
        script.submit(CLONE)


def test_a_redirect_is_not_followed(
    scripted: ScriptedCluster, second: ScriptedCluster, script: ProxmoxCluster
) -> None:
    target = Reply(status=302, reason="Found", headers={"Location": f"{second.url}/x"})
    scripted.on("GET", "/cluster/resources", target)
    with pytest.raises(Retriable):
        script.facts()
    assert second.seen == []


def test_an_order_that_times_out_is_unknown_and_a_question_goes_on(
    scripted: ScriptedCluster, second: ScriptedCluster, certificate: Certificate
) -> None:
    """Pitfall 7. The product waits 35 seconds at least; here it is half a second."""
    for method in ("GET", "POST"):
        scripted.on(method, "/version", Reply(hang=True))
        second.on(method, "/version", {"version": "9.1.8"})
    settings = cluster_settings([scripted.url, second.url], [certificate.pin])
    connection = Connection("dc1", settings, lambda: SECRET, Path("/"), read_seconds=0.5)
    with pytest.raises(OutcomeUnknown, match="timed out"):
        connection.send("POST", "version")
    assert second.seen == []
    assert connection.get("version") == {"version": "9.1.8"}
    assert connection.get("version") == {"version": "9.1.8"}
    # The address that hung is asked last for a while.
    assert scripted.calls("GET") == ["GET /version"]
    connection.close()


def test_a_question_goes_to_the_next_address_when_a_node_drops_it(
    scripted: ScriptedCluster, second: ScriptedCluster, certificate: Certificate
) -> None:
    scripted.on("GET", "/cluster/nextid", Reply(drop=True))
    second.on("GET", "/cluster/nextid", "2001")
    driver = driver_of([scripted.url, second.url], [certificate.pin])
    assert driver.machine(2001) is None
    driver.close()


def test_reading_is_never_unknown(scripted: ScriptedCluster, script: ProxmoxCluster) -> None:
    """Pitfall 6, for questions: they are simply asked again."""
    for status in (595, 596, 500):
        scripted.on("GET", "/cluster/resources", refusal("No route to host", status))
        with pytest.raises(Retriable):
            script.facts()


def test_after_a_401_the_same_token_is_not_tried_again_at_once(
    scripted: ScriptedCluster, certificate: Certificate
) -> None:
    """Pitfall 29: each wrong secret costs the cluster three seconds. A new one is tried at once."""
    secrets = ["wr0ng"]
    settings = cluster_settings([scripted.url], [certificate.pin])
    driver = ProxmoxCluster("dc1", settings, lambda: secrets[0], Path("/"))
    scripted.on(
        "POST", START_PATH, Reply(raw=b"", status=401, reason="Authentication failed!"), UPID
    )
    for _ in range(5):
        with pytest.raises(ActionNeeded) as caught:
            driver.submit(PowerOn(2001, "pve1"))
        assert caught.value.who == "administrator"
        assert TOKEN_ID in everything(caught.value)
        assert "wr0ng" not in everything(caught.value)
    assert len(scripted.seen) == 1
    secrets[0] = "r1ght"
    assert driver.submit(PowerOn(2001, "pve1")).id == UPID
    driver.close()


def test_a_malformed_secret_is_neither_sent_nor_shown(
    scripted: ScriptedCluster, certificate: Certificate
) -> None:
    driver = driver_of([scripted.url], [certificate.pin], secret="half\nof-it")
    with pytest.raises(ActionNeeded) as caught:
        driver.machine(2001)
    assert "half" not in everything(caught.value)
    assert scripted.seen == []
    driver.close()


def test_an_unreadable_secret_asks_the_administrator(
    scripted: ScriptedCluster, certificate: Certificate
) -> None:
    settings = cluster_settings([scripted.url], [certificate.pin])

    def missing() -> str:
        from provisioner.texts import say

        raise Misconfigured("provisioner.toml", "env:PVE_SECRET", say("is empty"))

    driver = ProxmoxCluster("dc1", settings, missing, Path("/"))
    with pytest.raises(ActionNeeded, match="PVE_SECRET"):
        driver.machine(2001)
    driver.close()


def test_no_secret_reaches_a_log_or_an_error(
    scripted: ScriptedCluster, script: ProxmoxCluster, caplog: pytest.LogCaptureFixture
) -> None:
    from provisioner.drivers.hypervisor import Configure

    caplog.set_level(logging.DEBUG)
    order = Configure(2001, "pve1", {"cores": "2"}, secret={"cipassword": "0pen-sesame"})
    told = repr(order)
    for reply in (refusal("boom"), Reply(drop=True)):
        scripted.on("POST", "/nodes/pve1/qemu/2001/config", reply)
        with pytest.raises(StepFailure) as caught:
            script.submit(order)
        told += everything(caught.value) + repr(caught.value)
    assert scripted.seen[0].values["cipassword"] == "0pen-sesame"
    assert "0pen-sesame" not in caplog.text + told
    assert SECRET not in caplog.text + told


def test_connections_are_kept(scripted: ScriptedCluster, script: ProxmoxCluster) -> None:
    scripted.on("GET", "/cluster/nextid", "2001")
    for _ in range(5):
        script.machine(2001)
    assert len(scripted.seen) == 5
    assert scripted.connections == 1


def test_a_kept_connection_that_the_node_closed_is_no_lost_order(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    """Nodes close idle connections; the next order goes out on a new one."""
    scripted.on("GET", "/cluster/nextid", Reply("2001", then_close=True))
    scripted.on("POST", CLONE_PATH, UPID)
    for _ in range(3):
        script.machine(2001)
        scripted.wait_until_closed()
        assert script.submit(CLONE).id == UPID
    assert len(scripted.calls("POST")) == 3


def test_threads_share_a_driver(scripted: ScriptedCluster, script: ProxmoxCluster) -> None:
    scripted.on("GET", "/cluster/nextid", "2001")
    threads = [threading.Thread(target=script.machine, args=(2001,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(scripted.seen) == 8


def test_a_forbidden_call_names_the_line_that_mends_it(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    """Recorded on PVE 9.1: one missing right after the other, each with its path."""
    scripted.on(
        "POST",
        CLONE_PATH,
        refusal("Permission check failed (/storage/local, Datastore.AllocateSpace)", 403),
    )
    with pytest.raises(ActionNeeded) as caught:
        script.submit(CLONE)
    assert caught.value.who == "administrator"
    text = everything(caught.value)
    assert "pveum role modify Provisioner --append 1 --privs Datastore.AllocateSpace" in text
    assert (
        "pveum acl modify /storage/local --roles Provisioner "
        f"--users 'provisioner@pve' --tokens '{TOKEN_ID}'" in text
    )


def test_a_field_that_the_cluster_refuses_is_named(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    """Pitfall 33: the name has to be a DNS name."""
    errors = {"name": "invalid format - value does not look like a valid DNS name\n"}
    scripted.on(
        "POST",
        CLONE_PATH,
        Reply(status=400, reason="Parameter verification failed.", errors=errors),
    )
    with pytest.raises(Refused, match="valid DNS name"):
        script.submit(CLONE)


def test_tls_that_breaks_off_is_no_lost_order(certificate: Certificate) -> None:
    """The handshake fails before anything is sent: simply tried again."""
    listener = socket.create_server(("127.0.0.1", 0))

    def slam() -> None:
        taken, _ = listener.accept()
        taken.close()

    thread = threading.Thread(target=slam, daemon=True)
    thread.start()
    driver = driver_of([f"https://127.0.0.1:{listener.getsockname()[1]}"], [certificate.pin])
    with pytest.raises(Retriable):
        driver.submit(CLONE)
    thread.join()
    listener.close()
    driver.close()
