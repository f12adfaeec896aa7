"""The form of a Cloud VPS: what holds, what is refused and how people are told."""

import json
import struct
from base64 import b64encode
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from provisioner.catalogue import Inventory, load_inventory
from provisioner.errors import Invalid
from provisioner.services.cloud_vps.details import CloudVpsDetails, parse_details
from provisioner.services.cloud_vps.ssh_keys import public_key
from provisioner.settings import ClusterSettings, Settings
from provisioner.texts import render

TODAY = date(2026, 11, 22)
RTL, ZERO_WIDTH = "\u202e", "\u200b"


def line(key: Any, comment: str = "") -> str:
    text = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return f"{text} {comment}".strip()


ED = ed25519.Ed25519PrivateKey.generate()
KEY = line(ED, "budi@laptop")
OTHER = line(ec.generate_private_key(ec.SECP256R1()))
RSA = line(rsa.generate_private_key(65537, 2048))
PRIVATE = ED.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def packed(*parts: bytes) -> str:
    return b64encode(b"".join(struct.pack(">I", len(part)) + part for part in parts)).decode()


def inventory_of(offered: bool = True) -> Inventory:
    cluster = ClusterSettings(
        urls=["https://pve1.example:8006"],
        verify=["sha256:00"],
        token_id="provisioner@pve!service",
        token_secret="env:X",
        vmid_range=(2000, 2999),
        disk_storage="local-lvm",
    )
    root = Path(__file__).parents[2]
    inventory = load_inventory(Settings(base=root, clusters={"dc1": cluster}))
    if offered:
        return inventory
    services = inventory.catalogue.services.model_copy(update={"cloud_vps": None})
    catalogue = inventory.catalogue.model_copy(update={"services": services})
    return Inventory(catalogue, inventory.network, inventory.office)


INVENTORY = inventory_of()
GOOD: dict[str, Any] = {
    "hostname": "web-ppid",
    "purpose": 'Situs PPID "Jum\'at Bersih"; dikelola bersama',
    "size": "small",
    "image": "debian-13",
    "network": "server-opd",
    "ssh_keys": [KEY],
    "admin_user": "budi",
    "open_ports": [{"port": 443, "protocol": "tcp"}, {"port": 443, "protocol": "udp"}],
    "until": "2027-12-31",
}


def parse(**changes: Any) -> CloudVpsDetails:
    return parse_details({**GOOD, **changes}, INVENTORY, today=TODAY)


def faults(data: Any, **options: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse_details(data, INVENTORY, today=TODAY, **options)
    for error in caught.value.errors:
        assert render(error.message, "id") != render(error.message, "en")
    return {error.pointer: render(error.message, "en") for error in caught.value.errors}


def test_good_details_survive_a_round_trip_through_json() -> None:
    details = parse()
    kept = json.loads(json.dumps(details.model_dump(mode="json", exclude_unset=True)))
    assert kept == GOOD
    assert parse_details(kept, INVENTORY, today=TODAY) == details


def test_ports_and_end_may_be_left_out() -> None:
    data = {key: value for key, value in GOOD.items() if key not in ("open_ports", "until")}
    details = parse_details(data, INVENTORY, today=TODAY)
    assert details.open_ports == ()
    assert details.until is None


def test_everything_missing_is_said_at_once() -> None:
    assert faults({"hostname": "", "ssh_keys": [], "purpose": None}) == {
        f"/details/{name}": "please fill this in"
        for name in (
            "hostname", "purpose", "size", "image", "network", "ssh_keys", "admin_user",
        )
    }  # fmt: skip


def test_a_draft_is_checked_as_far_as_it_goes() -> None:
    draft = parse_details({"hostname": "web", "purpose": "  "}, INVENTORY, complete=False)
    assert draft.model_dump(mode="json", exclude_unset=True) == {"hostname": "web"}
    assert set(faults({"hostname": "-web", "size": "huge"}, complete=False)) == {
        "/details/hostname",
        "/details/size",
    }


@pytest.mark.parametrize("data", [None, [], "x", 5, True])
def test_details_are_an_object(data: Any) -> None:
    assert set(faults(data)) == {"/details"}


def test_unknown_fields_are_refused_at_an_escaped_pointer() -> None:
    assert set(faults({**GOOD, "a/b~c": 1, "x" * 500: 1})) == {
        "/details/a~1b~0c",
        "/details/" + "x" * 64,
    }


def test_a_service_that_is_not_offered() -> None:
    with pytest.raises(Invalid) as caught:
        parse_details(GOOD, inventory_of(offered=False))
    assert [error.pointer for error in caught.value.errors] == ["/service"]


HOSTILE = [
    "-oProxyCommand=reboot", "a\nb", "a\r\n", "a\0b", "a b", "a;b", "a'b", 'a"b', "$(reboot)",
    "`id`", "../etc", "a_b", "A", "é", f"a{RTL}b", f"a{ZERO_WIDTH}b", "\uff41", "a.b", "a/b",
    "<script>", "{{7*7}}", "%n", "a" * 10_000, "\ud800", 7, True, ["a"], {"a": 1}, 1.5,
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("field", ["hostname", "admin_user", "size", "image", "network"])
def test_hostile_words_are_refused_and_not_repeated(field: str, value: Any) -> None:
    found = faults({**GOOD, field: value})
    assert set(found) == {f"/details/{field}"}
    if isinstance(value, str) and len(value) > 2:
        assert value not in found[f"/details/{field}"]


@pytest.mark.parametrize(
    "name", ["-a", "a-", "123", "localhost", "xn--abc", "a" * 64, "ip6-localhost"]
)
def test_hostnames_that_are_no_labels(name: str) -> None:
    assert set(faults({**GOOD, "hostname": name})) == {"/details/hostname"}


@pytest.mark.parametrize("name", ["a", "1a", "web-01", "a" * 63, " web "])
def test_hostnames_that_are_labels(name: str) -> None:
    assert parse(hostname=name).hostname == name.strip()


@pytest.mark.parametrize("name", ["root", "daemon", "www-data", "systemd-network", "1a", "a" * 33])
def test_users_of_the_system_are_refused(name: str) -> None:
    assert set(faults({**GOOD, "admin_user": name})) == {"/details/admin_user"}


@pytest.mark.parametrize(
    "text",
    [
        "ab", "x" * 501, "x" * 100_000, "satu\ndua", "satu\r", "satu\tdua", "a\0bc", "abc\x1b[2J",
        f"abc{RTL}def", f"abc{ZERO_WIDTH}def", "abc\u2028def", "abc $(reboot)", "abc ${HOME}",
        "abc `id`", "abc\ud800", PRIVATE, "-----BEGIN RSA PRIVATE KEY-----", 5, ["abc"],
    ],
)  # fmt: skip
def test_purposes_that_are_not_one_plain_line(text: Any) -> None:
    assert set(faults({**GOOD, "purpose": text})) == {"/details/purpose"}


def test_a_purpose_is_normalised_and_otherwise_kept() -> None:
    assert parse(purpose=" Cafe\u0301 <b>; 100% ").purpose == "Café <b>; 100%"


@pytest.mark.parametrize(
    ("changes", "pointer", "words"),
    [
        ({"size": "huge"}, "size", "small, medium, large"),
        ({"image": "windows"}, "image", "debian-13, ubuntu-2604"),
        ({"network": "office"}, "network", "server-opd, server-publik"),
        ({"image": "ubuntu-2604"}, "size", "20 GB"),
        ({"until": "2026-11-22"}, "until", "in the future"),
        ({"until": "2031-11-24"}, "until", "five years"),
        ({"until": "2027-02-30"}, "until", "YYYY-MM-DD"),
        ({"until": "20270101"}, "until", "YYYY-MM-DD"),
        ({"until": 1_800_000_000}, "until", "YYYY-MM-DD"),
        ({"until": "2027-01-01T00:00:00Z"}, "until", "YYYY-MM-DD"),
        ({"open_ports": {"port": 1}}, "open_ports", "list"),
        ({"open_ports": [{"port": 0, "protocol": "tcp"}]}, "open_ports/0/port", "1 to 65535"),
        ({"open_ports": [{"port": 65536, "protocol": "tcp"}]}, "open_ports/0/port", "65535"),
        ({"open_ports": [{"port": True, "protocol": "tcp"}]}, "open_ports/0/port", "65535"),
        ({"open_ports": [{"port": "٢٢", "protocol": "tcp"}]}, "open_ports/0/port", "65535"),
        ({"open_ports": [{"port": "22;id", "protocol": "tcp"}]}, "open_ports/0/port", "65535"),
        ({"open_ports": [{"port": 22.0, "protocol": "tcp"}]}, "open_ports/0/port", "65535"),
        ({"open_ports": [{"port": 22, "protocol": "icmp"}]}, "open_ports/0/protocol", "tcp"),
        ({"open_ports": [{"port": 22, "protocol": "tcp", "x": 1}]}, "open_ports/0/x", "remove"),
        ({"open_ports": [{"port": 1, "protocol": "tcp"}] * 2}, "open_ports/1", "already"),
        ({"open_ports": [22]}, "open_ports/0", "named values"),
        ({"ssh_keys": KEY}, "ssh_keys", "list"),
        ({"ssh_keys": [KEY] * 11}, "ssh_keys", "1 to 10"),
        ({"ssh_keys": [KEY, f"{KEY.rsplit(' ', 1)[0]} other"]}, "ssh_keys/1", "already"),
        ({"ssh_keys": [KEY, 5]}, "ssh_keys/1", "text"),
    ],
)
def test_answers_that_do_not_fit(changes: dict[str, Any], pointer: str, words: str) -> None:
    found = faults({**GOOD, **changes})
    assert set(found) == {f"/details/{pointer}"}
    assert words in found[f"/details/{pointer}"]


def test_too_many_ports() -> None:
    ports = [{"port": number, "protocol": "tcp"} for number in range(1, 34)]
    assert "at most 32" in faults({**GOOD, "open_ports": ports})["/details/open_ports"]


def test_an_image_has_to_stand_in_the_networks_cluster() -> None:
    networks = dict(INVENTORY.network.networks)
    networks["server-opd"] = networks["server-opd"].model_copy(update={"cluster": "dc2"})
    elsewhere = Inventory(
        INVENTORY.catalogue,
        INVENTORY.network.model_copy(update={"networks": networks}),
        INVENTORY.office,
    )
    with pytest.raises(Invalid) as caught:
        parse_details(GOOD, elsewhere, today=TODAY)
    assert [error.pointer for error in caught.value.errors] == ["/details/image"]


SK_ED = "sk-ssh-ed25519@openssh.com"
SK_EC = "sk-ecdsa-sha2-nistp256@openssh.com"
POINT = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(
    Encoding.X962, PublicFormat.UncompressedPoint
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        KEY, OTHER, RSA, line(ec.generate_private_key(ec.SECP521R1()), "x"),
        f"{SK_ED} {packed(SK_ED.encode(), ED.public_key().public_bytes_raw(), b'ssh:')}",
        f"{SK_EC} {packed(SK_EC.encode(), b'nistp256', POINT, b'ssh:')}",
    ],
    ids=["ed25519", "ecdsa-256", "rsa", "ecdsa-521", "sk-ed25519", "sk-ecdsa"],
)  # fmt: skip
def test_kinds_of_keys_that_are_accepted(text: str) -> None:
    assert public_key(f"  {text}\n") == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'command="reboot" {KEY}', "options"),
        (f"no-pty {KEY}", "options"),
        (f"{KEY}\n{OTHER}", "one line"),
        (f"{KEY}\r{OTHER}", "one line"),
        (f"{KEY} $(reboot)", "backtick"),
        (f"{KEY} `id`", "backtick"),
        (f"{KEY}{ZERO_WIDTH}", "invisible"),
        (f"{KEY} {RTL}x", "invisible"),
        (f"{KEY} {'x' * 9000}", "at most 8192"),
        (PRIVATE, "private key"),
        (PRIVATE.replace("\n", " "), "private key"),
        ("PuTTY-User-Key-File-3: ssh-ed25519", "private key"),
        (f"ssh-dss {packed(b'ssh-dss', b'1', b'1', b'1', b'1')}", "DSA"),
        (f"ssh-ed25519-cert-v01@openssh.com {KEY.split()[1]}", "certificate"),
        (f"ssh-rsa {KEY.split()[1]}", "is not a public SSH key"),
        ("ssh-ed25519 AAAA", "is not a public SSH key"),
        ("ssh-ed25519", "is not a public SSH key"),
        (f"ssh-ed25519 {KEY.split()[1][:-4]}", "is not a public SSH key"),
        (f"ssh-ed25519 {KEY.split()[1]}AAAA", "is not a public SSH key"),
        (f"ssh-ed25519 {packed(b'ssh-ed25519', bytes(32), b'more')}", "is not a public SSH key"),
        ("-oProxyCommand=reboot", "is not a public SSH key"),
        (line(rsa.generate_private_key(65537, 1024)), "1024 bits"),  # noqa: S505
    ],
    ids=[f"case-{n}" for n in range(22)],
)
def test_keys_that_are_refused(text: str, words: str) -> None:
    found = faults({**GOOD, "ssh_keys": [text]})
    assert set(found) == {"/details/ssh_keys/0"}
    assert words in found["/details/ssh_keys/0"]


def test_comments_keep_only_harmless_letters() -> None:
    bare = KEY.rsplit(" ", 1)[0]
    assert public_key(f"{bare}   Budi's  <Mac>; KOTA\\budi@pc") == f"{bare} Budis Mac KOTAbudi@pc"
    assert public_key(f"{bare} {'y' * 300}") == f"{bare} {'y' * 64}"
    assert public_key(f"{bare} ''") == bare


def test_no_part_of_a_private_key_is_in_the_error() -> None:
    with pytest.raises(Invalid) as caught:
        parse(ssh_keys=[PRIVATE])
    secret = PRIVATE.splitlines()[1]
    error: BaseException | None = caught.value
    while error is not None:
        assert secret not in f"{error} {error!r}"
        error = error.__context__


@given(st.text(max_size=80))
def test_any_hostname_accepted_is_a_label(text: str) -> None:
    try:
        name = parse(hostname=text).hostname
    except Invalid:
        return
    assert name.isascii()
    assert name == name.lower().strip("-")
    assert 1 <= len(name) <= 63
    assert name.replace("-", "").isalnum()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "other"]), json_values), st.booleans())
def test_any_json_is_either_accepted_or_refused_with_pointers(
    changes: dict[str, Any], complete: bool
) -> None:
    try:
        if complete:
            parse_details({**GOOD, **changes}, INVENTORY, today=TODAY)
        else:
            parse_details(changes, INVENTORY, complete=False, today=TODAY)
    except Invalid as error:
        found = [(fault.pointer, render(fault.message, "id")) for fault in error.errors]
    else:
        return
    assert found
    assert all(pointer.startswith("/details") and text for pointer, text in found)


@given(st.text(), st.text())
def test_a_key_accepted_is_one_safe_line(before: str, after: str) -> None:
    for text in (f"{KEY} {after}", f"{before} {KEY}", before):
        try:
            found = parse(ssh_keys=[text]).ssh_keys[0]
        except Invalid:
            continue
        assert found.isascii()
        assert found.isprintable()
        assert found.startswith(" ".join(KEY.split()[:2]))
        assert not set(found) & set("\"'`$;\\<>|&(){}")
