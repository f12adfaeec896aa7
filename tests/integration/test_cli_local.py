"""Commands that act on this machine: files, accounts, keys, the record."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
import tomllib

import pytest

from provisioner.database import Database
from provisioner.people.service import PeopleService
from provisioner.secrets import SecretStore
from provisioner.settings import load_settings
from tests.integration.cli_tools import Terminal, terminal

__all__ = ["terminal"]

PASSWORD = "kata sandi yang panjang\n"


@pytest.fixture
def installed(terminal: Terminal) -> Terminal:
    assert terminal("init").status == 0
    assert terminal("db", "upgrade").status == 0
    return terminal


def store_of(terminal: Terminal) -> SecretStore:
    settings = load_settings(terminal.folder / "provisioner.toml")
    return SecretStore(
        Database(settings.absolute_database_url), lambda: settings.secret(settings.secrets.key)
    )


def test_init_writes_what_is_missing_and_overwrites_nothing(terminal: Terminal) -> None:
    first = terminal("init", "--json")
    assert first.status == 0
    for name in ("secret.key", "id_ed25519"):
        assert (terminal.folder / "var" / name).stat().st_mode & 0o777 == 0o600
    assert (terminal.folder / "var/id_ed25519.pub").read_text().startswith("ssh-ed25519 ")
    files = {p: p.read_bytes() for p in terminal.folder.rglob("*") if p.is_file()}
    assert {str(path) for path in files} == set(first.json()["written"])
    assert terminal("init", "--json").json()["written"] == []
    assert files == {p: p.read_bytes() for p in terminal.folder.rglob("*") if p.is_file()}


def people_of(installed: Terminal) -> PeopleService:
    database = Database(f"sqlite:///{installed.folder}/var/provisioner.db")
    return PeopleService(database, secrets=store_of(installed))


def test_an_account_and_its_token_work(installed: Terminal) -> None:
    added = installed(
        "user", "add", "sari", "--role", "applicant", "--department", "dinkes", typed=PASSWORD
    )
    assert added.status == 0, added.err
    assert "Account sari added." in added.out
    created = installed("token", "create", "--user", "sari", "--scope", "read", "--days", "3")
    people = people_of(installed)
    actor = people.by_token(created.out.strip())
    assert actor is not None
    assert actor.scopes == {"read"}
    assert people.sign_in("sari", PASSWORD.strip())
    assert [p["username"] for p in installed("user", "list", "--json").json()] == ["sari"]
    assert installed("user", "close", "sari").status == 0
    assert people.by_token(created.out.strip()) is None
    assert installed("token", "revoke", "1").status == 0
    assert installed("token", "list", "--user", "sari", "--json").json()[0]["revoked_at"]


def test_an_account_is_changed_and_its_person_invited(installed: Terminal) -> None:
    assert installed("user", "add", "dewi", "--role", "technician", typed=PASSWORD).status == 0
    changed = installed(
        "user", "set", "dewi", "--role", "approver", "--email", "dewi@example.go.id", "--json"
    ).json()
    assert (changed["roles"], changed["email"]) == (["approver"], "dewi@example.go.id")
    assert installed("user", "set", "dewi", "--name", "Dewi A.").status == 0
    link = installed("user", "invite", "dewi", "--json").json()["url"]
    people = people_of(installed)
    assert people.invited(link.rpartition("/")[2]) == "dewi"
    assert people.person("dewi").roles == ["approver"]
    assert installed("user", "reset-codes", "dewi").status == 0
    assert installed("user", "reset-codes", "nobody").status == 1


@pytest.mark.parametrize(
    ("args", "status", "told"),
    [
        (["user", "add", "Sari", "--role", "technician"], 2, "/username"),
        (["user", "add", "sari"], 2, "--role"),
        (["user", "add", "sari", "--role", "king"], 2, "king"),
        (["token", "create", "--user", "nobody"], 1, "There is no account nobody."),
        (["no-such-command"], 2, "no-such-command"),
        (["inventory", "schema", "nothing"], 2, "catalogue"),
        (["request", "list"], 2, "PROVISIONER_TOKEN"),
        (["trust", "-oProxyCommand=x"], 2, "-o"),
        (["trust", "a b"], 2, "host:port"),
        (["trust", "localhost:1", "--yes"], 2, "--fingerprint"),
        (["trust", "localhost:1"], 1, "shows no SSH host key"),
    ],
)
def test_wrong_use_is_told_with_its_status(
    installed: Terminal, args: list[str], status: int, told: str
) -> None:
    outcome = installed(*args, typed=PASSWORD)
    assert outcome.status == status
    assert told in outcome.err


def test_a_file_that_cannot_be_written_is_named(terminal: Terminal) -> None:
    (terminal.folder / "note").write_text("no folder")
    outcome = terminal("init", "--dir", terminal.folder / "note" / "office")
    assert outcome.status == 1
    assert str(terminal.folder / "note") in outcome.err


def test_what_cannot_be_served_fails_with_our_status(installed: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        words = [sys.executable, "-m", "provisioner", "serve", "--web-only", "--port", port]
        (installed.folder / "inventory" / "catalogue.yml").write_text("services: {}\n")
        (installed.folder / "inventory" / "network.yml").write_text("sites: {}\n")
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    assert "--port" in done.stderr


def test_without_configuration_or_tables_it_says_what_to_run(terminal: Terminal) -> None:
    assert "`provisioner init` makes one" in terminal("user", "list").err
    terminal("init")
    outcome = terminal("user", "list")
    assert outcome.status == 1
    assert "provisioner db upgrade" in outcome.err


def test_failures_follow_the_language_of_the_terminal(
    installed: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "id_ID.UTF-8")
    assert "Tidak ada akun siapa." in installed("token", "create", "--user", "siapa").err


def test_rotation_changes_the_key_and_loses_nothing(installed: Terminal) -> None:
    store = store_of(installed)
    with store._database.write() as session:
        kept = store.put(session, "password", "VPS-2026-0001", "rahasia")
    key = installed.folder / "var/secret.key"
    former = key.read_text().split()
    assert installed("secrets", "rotate", "--json").json() == {"rotated": 1}
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_text().split()[1:] == former
    key.write_text(key.read_text().split()[0])
    assert store.get(kept) == "rahasia"


def test_a_rotation_broken_off_before_the_database_can_be_repeated(installed: Terminal) -> None:
    store = store_of(installed)
    with store._database.write() as session:
        kept = store.put(session, "password", "VPS-2026-0001", "rahasia")
    key = installed.folder / "var/secret.key"
    with sqlite3.connect(installed.folder / "var/provisioner.db") as rows:
        rows.execute("alter table prov_secret rename to elsewhere")
    assert installed("secrets", "rotate").status == 1
    assert len(key.read_text().split()) == 2
    with sqlite3.connect(installed.folder / "var/provisioner.db") as rows:
        rows.execute("alter table elsewhere rename to prov_secret")
    rows.close()
    assert store.get(kept) == "rahasia"
    assert installed("secrets", "rotate").status == 0
    assert store.get(kept) == "rahasia"


def test_an_altered_event_is_found(installed: Terminal) -> None:
    installed("user", "add", "tono", "--role", "technician", typed=PASSWORD)
    assert installed("audit", "verify").status == 0
    with sqlite3.connect(installed.folder / "var/provisioner.db") as rows:
        rows.execute("update prov_event set actor = 'other' where seq = 1")
    rows.close()
    outcome = installed("audit", "verify", "--json")
    assert outcome.status == 1
    assert outcome.json()["faults"] == ["system#1: the chain is broken"]


def test_the_schemas_and_the_configuration_are_printed_as_json(installed: Terminal) -> None:
    assert set(installed("inventory", "schema").json()) == {"catalogue", "network", "office"}
    assert installed("inventory", "check", "--json").status == 1  # no cluster yet
    assert tomllib.loads((installed.folder / "provisioner.toml").read_text())["web"]["port"] == 8080
