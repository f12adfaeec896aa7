"""What an account has to look like, and how its password is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.database import Database
from provisioner.errors import Invalid
from provisioner.people.passwords import check_password, hash_password
from provisioner.people.service import PeopleService


@pytest.mark.parametrize(
    ("pointer", "fields"),
    [
        ("/username", {"username": "Sari"}),
        ("/username", {"username": "-oProxyCommand=x"}),
        ("/username", {"username": "sari\n"}),
        ("/password", {"password": "pendek"}),
        ("/roles", {"roles": ["king"]}),
        ("/roles", {"roles": []}),
        ("/department", {"department": None}),
        ("/name", {"name": " "}),
        ("/language", {"language": "jv"}),
    ],
)
def test_bad_fields_are_named(tmp_path: Path, pointer: str, fields: dict[str, object]) -> None:
    good: dict[str, object] = {
        "username": "budi",
        "name": "Budi",
        "password": "kata sandi yang panjang",
        "roles": ["applicant"],
        "department": "dinkes",
    }
    people = PeopleService(Database(f"sqlite:///{tmp_path}/never-opened.db"))
    with pytest.raises(Invalid) as failure:
        people.add_person(**{**good, **fields})  # type: ignore[arg-type]
    assert [e.pointer for e in failure.value.errors] == [pointer]


def test_hashes_are_argon2id_and_no_hash_means_no() -> None:
    hashed = hash_password("rahasia sekali")
    assert hashed.startswith("$argon2id$")
    assert check_password("rahasia sekali", hashed)
    assert not check_password("rahasia sekali", None)
