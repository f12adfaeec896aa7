"""`inventory check`, `schema` and `show`: the office's data files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioner.commands.output import FAILED, AsJson, print_json, tell
from provisioner.settings import load_settings
from provisioner.texts import render, say

if TYPE_CHECKING:
    from provisioner.drivers.network import Host

inventory_app = typer.Typer(help="What exists and what is offered.", no_args_is_help=True)


@inventory_app.command("check")
def check(as_json: AsJson = False) -> None:
    """Read all inventory files and name every fault by file, key and remedy.

    Example: provisioner inventory check
    """
    from provisioner.catalogue import check_inventory
    from provisioner.commands.device_findings import inventory_faults

    settings = load_settings()
    faults = [*check_inventory(settings), *inventory_faults(settings)]
    if as_json:
        found = [{"file": f.file, "key": f.key, "remedy": render(f.remedy, "en")} for f in faults]
        print_json({"faults": found})
    else:
        for fault in faults:
            tell(fault.what)
        if not faults:
            tell(say("The inventory is sound."))
    if faults:
        raise typer.Exit(FAILED)


@inventory_app.command("schema")
def schema(
    name: Annotated[
        str | None, typer.Argument(help="catalogue, network or office; all unless given.")
    ] = None,
) -> None:
    """Print the JSON Schemas of the inventory files, for editors.

    Example: provisioner inventory schema network > network.schema.json
    """
    from provisioner.catalogue import inventory_schemas

    schemas = inventory_schemas()
    if name is not None and name not in schemas:
        raise typer.BadParameter(f"one of {', '.join(schemas)}", param_hint="NAME")
    print_json(schemas[name] if name else schemas)


@inventory_app.command("show")
def show(as_json: AsJson = True) -> None:  # it has no other form
    """Print what was read, with all defaults filled in, as JSON; never a secret.

    Example: provisioner inventory show
    """
    from provisioner.catalogue import load_inventory
    from provisioner.drivers.ansible.inventory import Hosts

    settings = load_settings()
    inventory = load_inventory(settings)
    print_json(
        {
            "devices": {name: _told(host) for name, host in Hosts(settings)().items()},
            "catalogue": inventory.catalogue.model_dump(mode="json"),
            "network": inventory.network.model_dump(mode="json"),
            "office": inventory.office.model_dump(mode="json"),
        }
    )


def _told(host: Host) -> dict[str, Any]:
    """A device without what opens it; how one gets in is said by its kind."""
    entry = "password" if host.password else "key" if host.private_key_file else "office key"
    return {
        "platform": host.platform,
        "groups": sorted(host.groups),
        "address": host.address,
        "port": host.port,
        "user": host.user,
        "entry": entry,
        "site": host.site,
        "dead_man": host.dead_man,
        "legacy_crypto": host.legacy_crypto,
        "aaa": host.aaa,
    }
