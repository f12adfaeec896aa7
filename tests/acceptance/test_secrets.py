"""No secret where it does not belong, and nothing said to a machine that is not the right one."""

from __future__ import annotations

import base64
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.acceptance.beside import beside
from tests.acceptance.office import Office
from tests.acceptance.test_flow import shown_secret

pytestmark = pytest.mark.xdist_group("acceptance-hostile")

MINE = ("secret.key", "id_ed25519")
"""Files whose only use is to hold a secret."""


def secrets_of(office: Office) -> dict[str, str]:
    """What nobody may find anywhere else."""
    var = office.directory / "var"
    token = (office.directory / "secrets" / f"{office.cluster}-token").read_text().strip()
    identity = "".join((var / "id_ed25519").read_text().splitlines()[1:-1])
    return {
        "the cluster's token": token,
        "the key of the secrets": (var / "secret.key").read_text().strip(),
        "the office's identity": identity[70:140],
        **{f"the password of {who}": word for who, word in office.passwords.items()},
        **{f"the token of {who}": word for who, word in office.tokens.items()},
    }


def forms(secret: str) -> set[bytes]:
    """As it may be written."""
    raw = secret.encode()
    return {raw, base64.b64encode(raw).rstrip(b"="), quote(secret).encode(), raw.hex().encode()}


def holds(data: bytes, secrets: dict[str, str]) -> list[str]:
    return [name for name, secret in secrets.items() if any(f in data for f in forms(secret))]


def family(pid: int) -> Iterator[Path]:
    """A process and all that it started, in /proc."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(stat.parent.name))
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        waiting += parents.get(one, [])
        yield Path("/proc") / str(one)


def seen_of(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes() + b"\n" + (process / "environ").read_bytes()
    except OSError:
        return b""


def test_after_a_whole_run_no_secret_is_where_it_does_not_belong(office: Office) -> None:
    number, run = office.approved()
    assert office.served
    processes = b""
    while office.get(f"/runs/{run}")["state"] != "succeeded":
        processes += b"".join(seen_of(process) for process in family(office.served.pid))
        assert office.get(f"/runs/{run}")["state"] in {"queued", "running", "succeeded"}
    report = office.proven(number)
    answers = everything(office, number, run, report["instance"]["id"])
    link = report["handover"]["url"]
    with httpx.Client(trust_env=False, timeout=30) as browser:
        password = shown_secret(browser.post(link).text)
    secrets = secrets_of(office) | {"the console's password": password}
    assert not holds(processes, secrets)
    for name, body in answers.items():
        assert not holds(body, secrets), name
    assert not holds(office.log.read_bytes(), secrets)
    for path in sorted((office.directory / "var").rglob("*")):
        if path.is_file() and path.name not in MINE:
            assert not holds(path.read_bytes(), secrets), path
    machine = next(m for m in office.machines() if m["vmid"] == report["instance"]["vmid"])
    assert password not in str(machine["config"].get("description"))
    after = everything(office, number, run, report["instance"]["id"])
    assert not [name for name, body in after.items() if holds(body, secrets)]


def everything(office: Office, number: str, run: str, instance: str) -> dict[str, bytes]:
    """All answers about a request, to everyone."""
    path = f"/requests/{number}"
    paths = ["/requests", path, f"{path}/plan", f"{path}/events", f"{path}/report"]
    paths += [f"/runs/{run}", "/instances", f"/instances/{instance}", "/openapi.json"]
    found = {f"{who} {p}": office[who].get(p).content for who in office.tokens for p in paths}
    for root in ("/metrics", "/healthz", "/readyz"):
        found[root] = httpx.get(office.url + root, trust_env=False).content
    return found


def test_whoever_may_not_see_the_request_gets_no_link(office: Office) -> None:
    number, _ = office.approved()
    office.proven(number)
    made = office.did("token", "create", "--user", "sari", "--scope", "read")
    with httpx.Client(headers={"Authorization": f"Bearer {made['token']}"}) as reader:
        report = reader.get(f"{office.url}/api/v1/requests/{number}/report")
    assert report.status_code == 200
    assert "handover/" not in report.text, "opening is no reading"
    assert "handover/" not in office["arif"].get(f"/requests/{number}/report").text
    assert "handover/" not in office["tono"].get(f"/requests/{number}/report").text
    assert "handover/" in office["sari"].get(f"/requests/{number}/report").text


# ---------------------------------------------------------------- the wrong machine


@contextmanager
def impostor(folder: Path) -> Iterator[tuple[int, list[bytes]]]:
    """A TLS server with a certificate of its own, and what it was told."""
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=pve1",
         "-keyout", folder / "key.pem", "-out", folder / "crt.pem", "-days", "2"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "crt.pem", folder / "key.pem")
    told: list[bytes] = []
    ended = threading.Event()

    def listen(door: socket.socket) -> None:
        while not ended.is_set():
            try:
                plain, _ = door.accept()
            except TimeoutError:
                continue
            plain.settimeout(5)
            try:
                with context.wrap_socket(plain, server_side=True) as visitor:
                    told.append(visitor.recv(65536))
            except OSError:
                told.append(b"")

    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0.2)
        thread = threading.Thread(target=listen, args=(door,))
        thread.start()
        yield door.getsockname()[1], told
        ended.set()
        thread.join()


def test_a_wrong_certificate_is_told_nothing(office: Office, tmp_path: Path) -> None:
    with impostor(tmp_path) as (port, told):
        fooled = office.directory / "fooled.toml"
        lines = office.config.read_text().splitlines()
        urls = f'urls = ["https://127.0.0.1:{port}"]'
        fooled.write_text("\n".join(urls if x.startswith("urls") else x for x in lines) + "\n")
        examined = office.command("doctor", "--json", PROVISIONER_CONFIG=str(fooled))
        assert examined.returncode == 1
        assert "provisioner trust" in examined.stdout, "what to do"
        number = office.submitted()
        with beside(office, PROVISIONER_CONFIG=str(fooled)) as web:
            refused = web["rina"].post(f"/requests/{number}/plan", timeout=90)
        assert refused.status_code in {409, 502, 503}, refused.text
        assert "provisioner trust" in refused.text
        asked = office.command("trust", office.cluster, PROVISIONER_CONFIG=str(fooled), given="n\n")
        assert asked.returncode == 1
        assert told, "it was really reached"
        assert b"".join(told) == b"", "not one byte of ours to a stranger"
    assert office.get(f"/requests/{number}")["state"] == "submitted"


def test_a_token_that_is_not_accepted_is_named(office: Office) -> None:
    number = office.submitted()
    lines = office.config.read_text().splitlines()
    mistaken = office.directory / "mistaken.toml"
    token = 'token_secret = "env:WRONG_SECRET"'
    changed = [token if line.startswith("token_secret") else line for line in lines]
    mistaken.write_text("\n".join(changed) + "\n")
    more = {"PROVISIONER_CONFIG": str(mistaken), "WRONG_SECRET": "rahasia-yang-keliru"}
    with beside(office, **more) as web:
        refused = web["rina"].post(f"/requests/{number}/plan")
    assert refused.status_code in {409, 502, 503}, refused.text
    body = refused.json()
    assert "token" in body["detail"].lower()
    assert "token" in body["next"].lower()
    assert "rahasia-yang-keliru" not in refused.text
    examined = office.command("doctor", **more)
    assert examined.returncode == 1
    assert "rahasia-yang-keliru" not in examined.stdout + examined.stderr
    assert office["rina"].post(f"/requests/{number}/plan").status_code == 201


def test_a_wrong_host_key_ends_the_login(office: Office) -> None:
    office.fault("host-key-changed")
    try:
        number, run = office.approved()
        waiting = office.run_is(run, "waiting_person", "failed", "succeeded")
        assert waiting["state"] == "waiting_person"
        error = next(step["error"] for step in waiting["steps"] if step["error"])
        assert "key" in error["what"].lower()
        assert error["next"]
        assert office.get(f"/requests/{number}")["state"] == "attention"
    finally:
        office.no_fault()
