"""The helper process that lets Ansible read an inventory: the only place that imports Ansible."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from provisioner.drivers.ansible.lifeline import take_order

_SETTINGS = """\
[defaults]
duplicate_dict_key = error
[inventory]
any_unparsed_is_failed = true
"""


def main() -> None:
    """Read the order, write one JSON object a host; a last object tells that all is there."""
    order = take_order()
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what scripts and plugins of an inventory print is not our answer
    settings = Path.home() / "ansible.cfg"
    settings.write_text(_SETTINGS)
    os.environ |= {
        "ANSIBLE_CONFIG": str(settings),
        "ANSIBLE_HOME": str(Path.home()),
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    with answer:
        for host in _hosts(order["sources"], order["vault_password"], order["variables"]):
            answer.write(json.dumps(host) + "\n")
        answer.write(json.dumps({"complete": True}) + "\n")


def _hosts(
    sources: list[str], vault_password: str | None, variables: list[str]
) -> Iterator[dict[str, Any]]:
    from ansible.errors import AnsibleError  # type: ignore[import-untyped]
    from ansible.inventory.manager import InventoryManager  # type: ignore[import-untyped]
    from ansible.parsing.dataloader import DataLoader  # type: ignore[import-untyped]
    from ansible.parsing.vault import VaultSecret, VaultSecretsContext  # type: ignore[import-untyped]
    from ansible.template import Templar  # type: ignore[import-untyped]
    from ansible.vars.hostvars import HostVars  # type: ignore[import-untyped]
    from ansible.vars.manager import VariableManager  # type: ignore[import-untyped]

    loader = DataLoader()
    if vault_password is not None:
        secrets = [("default", VaultSecret(vault_password.encode()))]
        loader.set_vault_secrets(secrets)
        VaultSecretsContext.initialize(VaultSecretsContext(secrets))
    inventory = InventoryManager(loader=loader, sources=sources, parse=False)
    for source in sources:
        try:
            readable = inventory.parse_source(source)
        except AnsibleError:
            readable = False
        if not readable:
            yield {"unreadable": source}
    inventory.reconcile_inventory()
    manager = VariableManager(loader=loader, inventory=inventory)
    HostVars(inventory=inventory, variable_manager=manager, loader=loader)
    for host in inventory.get_hosts():
        found: dict[str, Any] = {}
        wrong: list[str] = []
        files: dict[str, str] = {}
        try:
            known = manager.get_vars(host=host)
        except AnsibleError:
            yield {"name": host.name, "groups": [], "variables": {}, "wrong": ["*"], "files": {}}
            continue
        templar = Templar(loader=loader, variables=known)
        for name in variables:
            if name in known:
                files[name] = _origin(known, name)
                try:
                    found[name] = _plain(templar.template(known[name]))
                except AnsibleError:  # its text may repeat the value
                    wrong.append(name)
        yield {
            "name": host.name,
            "groups": [group.name for group in host.get_groups()],
            "variables": found,
            "wrong": wrong,
            "files": files,
            "ours": sorted(name for name in known if name.startswith("provisioner_")),
        }


def _origin(known: dict[str, Any], name: str) -> str:
    """The file that gives the value, where Ansible remembers it."""
    from ansible._internal._datatag._tags import Origin  # type: ignore[import-untyped]

    # dict.get would decrypt; the tag is on the stored value
    tag = Origin.get_tag(dict.__getitem__(known, name))
    return str(getattr(tag, "path", None) or "")


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, int) else str(value)


if __name__ == "__main__":
    main()
