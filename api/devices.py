"""Network devices one by one: how each was last seen, what of ours is on it, its configurations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from api.campus import End, Node, cabled, nodes
from provisioner.bootstrap import Product
from provisioner.drivers.network import Host
from provisioner.errors import Forbidden, NotFound
from provisioner.instances.network_records import network_records
from provisioner.people.rules import Actor, sees_all
from provisioner.runs.configurations import Kept
from provisioner.services.device_objects import told
from provisioner.texts import from_json, render, say

_COMMIT = re.compile(r"[0-9a-f]{40}")
_VERSIONS = 100
"""How many versions of one device are offered; older ones are in the git repository itself."""


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class DeviceView(Node):
    """A device of the inventory, as it was last seen."""

    address: str
    port: int
    legacy_crypto: bool
    """Weak SSH algorithms are allowed for it."""
    dead_man: str


class Trouble(_View):
    """Why the last look gave nothing."""

    what: str
    meaning: str
    next: str


class OnDevice(_View):
    """Something of ours that stands on a device."""

    instance: str
    kind: str
    name: str
    request: str
    objects: tuple[tuple[str, str], ...]
    """What each object is called, and how it has to stand."""


class Version(_View):
    """One version of a device's configuration."""

    commit: str
    at: datetime
    author: str
    request: str | None
    run: str | None
    moment: str
    """``before`` or ``after`` a change of ours, or ``backup``."""


class DeviceDetail(DeviceView):
    """One device with all that is known of it."""

    failure: Trouble | None
    cables: tuple[tuple[End, End], ...]
    """Own end first."""
    carries: tuple[OnDevice, ...]
    requests: tuple[str, ...]
    """Those whose runs changed it, the newest first."""


class Configuration(Version):
    """A version with its text; secrets are left out."""

    text: str


class ConfigurationDifference(_View):
    """Two versions, and the lines by which they differ."""

    before: Version
    after: Version
    lines: tuple[str, ...]


def devices(product: Product, actor: Actor) -> list[DeviceView]:
    """All network devices of the inventory. Raises Forbidden, Misconfigured."""
    hosts = _hosts(product, actor)
    found = nodes(product, actor, list(hosts))
    return [_device(hosts[node.name], node) for node in found]


def device(product: Product, actor: Actor, name: str) -> DeviceDetail:
    """One of them. Raises Forbidden, NotFound, Misconfigured."""
    hosts = _hosts(product, actor)
    host = _known(hosts, name)
    [node] = nodes(product, actor, [name])
    sight = product.sights.all().get(name)
    failed = sight.trouble if sight else None
    texts = ("what", "meaning", "next")
    with product.database.read() as session:
        carries = tuple(_carried(session, name, actor.language))
    changed_by = (v.number for v in product.configurations.log(name, _VERSIONS))
    return DeviceDetail(
        **dict(_device(host, node)),
        failure=Trouble(**{t: render(from_json(failed[t]), actor.language) for t in texts})
        if failed
        else None,
        cables=tuple(cabled(product, name)),
        carries=carries,
        requests=tuple(dict.fromkeys(number for number in changed_by if number)),
    )


def versions(product: Product, actor: Actor, name: str) -> list[Version]:
    """The newest versions of its configuration, the newest first. Raises like ``device``."""
    _known(_hosts(product, actor), name)
    return [_version(kept) for kept in product.configurations.log(name, _VERSIONS)]


def configuration(product: Product, actor: Actor, name: str, commit: str) -> Configuration:
    """One version with its text. Raises like ``device``."""
    found = _one(versions(product, actor, name), commit)
    return Configuration(**dict(found), text=product.configurations.show(name, found.commit))


def difference(
    product: Product, actor: Actor, name: str, before: str, after: str
) -> ConfigurationDifference:
    """The lines that differ between two versions. Raises like ``device``."""
    known = versions(product, actor, name)
    one, other = _one(known, before), _one(known, after)
    lines = product.configurations.difference(name, one.commit, other.commit)
    return ConfigurationDifference(before=one, after=other, lines=tuple(lines))


def _hosts(product: Product, actor: Actor) -> Mapping[str, Host]:
    if not sees_all(actor):
        raise Forbidden(say("The network is looked at by the office only."))
    return product.hosts()


def _known(hosts: Mapping[str, Host], name: str) -> Host:
    host = hosts.get(name)
    if host is None:
        raise NotFound(say("There is no device %(name)s in the inventory.", name=name[:60]))
    return host


def _device(host: Host, node: Node) -> DeviceView:
    return DeviceView(
        **dict(node),
        address=host.address,
        port=host.port,
        legacy_crypto=host.legacy_crypto,
        dead_man=host.dead_man,
    )


def _carried(session: Session, name: str, language: str) -> Iterator[OnDevice]:
    for record in network_records(session).values():
        intents = record.standing.intents(name)
        if intents:
            kind = {"internet": "site"}.get(record.service, record.service)
            objects = (told(name, intent) for intent in intents)
            yield OnDevice(
                instance=record.id,
                kind=kind,
                name=record.name,
                request=record.number,
                objects=tuple((render(a, language), render(b, language)) for a, b in objects),
            )


def _version(kept: Kept) -> Version:
    return Version(
        commit=kept.commit,
        at=kept.at,
        author=kept.author,
        request=kept.number or None,
        run=kept.run_id or None,
        moment=kept.when,
    )


def _one(known: list[Version], commit: str) -> Version:
    found = next((v for v in known if v.commit == commit), None)
    if found is None or not _COMMIT.fullmatch(commit):
        raise NotFound(say("There is no such version of the configuration."))
    return found
