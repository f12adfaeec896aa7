"""The words that a request is known by through what was made for it: name, addresses, WiFi."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner.instances.model import Instance
from provisioner.requests.model import Request

_MAC = re.compile(r"(?<![0-9A-Fa-f:])[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}(?![0-9A-Fa-f:])")


def words_of_instances(session: Session, rows: Sequence[Request]) -> Mapping[int, Iterable[str]]:
    """Name, id, addresses, hardware addresses, SSID and place of what stands, by request."""
    named = {row.instance_id: row.id for row in rows if row.instance_id}
    query = select(Instance).where(Instance.id.in_(named))
    found: dict[int, list[str]] = {}
    for instance in session.scalars(query):
        found[named[instance.id]] = list(_texts(instance))
    for row in rows:  # several requests may be about one instance
        if row.instance_id and row.id not in found:
            found[row.id] = found.get(named[row.instance_id], [])
    return found


def _texts(instance: Instance) -> Iterator[str]:
    yield instance.id
    yield instance.name
    for address in instance.addresses:
        yield address.partition("/")[0]
    for key in ("ssid", "place"):
        if isinstance(value := instance.facts.get(key), str):
            yield value
    yield from _MAC.findall(json.dumps(instance.facts))
