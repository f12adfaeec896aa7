"""`provisioner template list|check|import`: what new servers are copied from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.commands.doctor import conclude, show
from provisioner.commands.output import AsJson, print_json, print_table, tell
from provisioner.errors import FieldError, Invalid
from provisioner.settings import Settings, load_settings
from provisioner.texts import Message, say

if TYPE_CHECKING:
    from provisioner.doctor import Finding
    from provisioner.doctor.look import Setup
    from provisioner.drivers.proxmox import ProxmoxCluster
    from provisioner.templates.importing import Made
    from provisioner.templates.order import ImageOrder

template_app = typer.Typer(help="What new servers are copied from.", no_args_is_help=True)

Cluster = Annotated[str | None, typer.Argument(metavar="CLUSTER", help="All unless given.")]


@template_app.command("list")
def list_templates(cluster: Cluster = None, as_json: AsJson = False) -> None:
    """Show every template with the images of the catalogue that use it.

    CLONES counts the servers whose disks hang on it; while there are any it cannot be removed.
    Example: provisioner template list
    """
    from provisioner.templates.listing import look_at_templates, rows

    found = []
    for setup in _setups(load_settings(), cluster):
        with _driver(setup) as driver:
            found += rows(look_at_templates(setup, driver), driver)
    if as_json:
        print_json({"templates": [vars(row) | {"images": list(row.images)} for row in found]})
        return
    print_table(
        [
            say("CLUSTER"), say("VMID"), say("NODE"), say("NAME"), say("STORAGE"), say("IMAGES"),
            say("CLONES"),
        ],
        [(r.cluster, r.vmid, r.node, r.name, r.storage, ", ".join(r.images) or "-", r.clones)
         for r in found],
    )  # fmt: skip


@template_app.command("check")
def check_templates(cluster: Cluster = None, as_json: AsJson = False) -> None:
    """Say what each template lacks, with the line that mends it; changes nothing.

    Exit status 1 if something has to be mended. Example: provisioner template check dc1
    """
    from provisioner.doctor.templates import examine_templates, faults_of
    from provisioner.templates.listing import look_at_templates

    findings: list[Finding] = []
    for setup in _setups(load_settings(), cluster):
        with _driver(setup) as driver:
            look = look_at_templates(setup, driver)
        every = [*examine_templates(look)]
        every += [fault for sight in look.templates for fault in faults_of(setup.subject, sight)]
        findings += dict.fromkeys(every)  # the catalogue's were examined already
    if not as_json:
        for finding in findings:
            show(finding)
    conclude(findings, as_json)


@template_app.command("import")
def import_template(
    cluster: Annotated[str, typer.Argument(metavar="CLUSTER", help="Of provisioner.toml.")],
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="Its key in catalogue.yml.")],
    url: Annotated[str, typer.Option("--url", help="Where its maker offers the cloud image.")],
    sha512: Annotated[str | None, typer.Option(help="Checksum that the maker publishes.")] = None,
    sha256: Annotated[str | None, typer.Option(help="The same, where only that is told.")] = None,
    storage: Annotated[
        str | None, typer.Option(help="Of the template's disk; the cluster's disk_storage.")
    ] = None,
    image_storage: Annotated[
        str | None, typer.Option(help="Where the image is downloaded to (content `import`).")
    ] = None,
    node: Annotated[str | None, typer.Option(help="Where; else where there is most room.")] = None,
    vmid: Annotated[
        int | None, typer.Option(min=100, help="Else the first free from 9000.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the template; IMAGE unless given.")] = None,
    tag: Annotated[str | None, typer.Option(help="tpl-IMAGE unless given.")] = None,
    disk_bus: Annotated[str, typer.Option(help="scsi or virtio.")] = "scsi",
    as_json: AsJson = False,
) -> None:
    """Make a template from a cloud image that the cluster downloads by itself.

    Broken off, the same command takes it up again; a VM of somebody else is never touched. The
    guest agent has to be in the image. Example: provisioner template import dc1 debian-13
    --url https://cloud.debian.org/…/debian-13-generic-amd64.qcow2 --sha512 …
    """
    from provisioner.templates.order import ImageOrder

    settings = load_settings()
    (setup,) = _setups(settings, cluster)
    if (sha512 is None) == (sha256 is None):
        raise Invalid([FieldError("--sha512", say("give either --sha512 or --sha256"))])
    if disk_bus not in ("scsi", "virtio"):
        raise Invalid([FieldError("--disk-bus", say("scsi or virtio"))])
    network = next(iter((setup.networks or {}).values()), None)
    order = ImageOrder(
        image=image,
        url=url,
        checksum=(sha512 or sha256 or "").strip().lower(),
        algorithm="sha512" if sha512 else "sha256",
        storage=storage or setup.settings.disk_storage,
        name=name or image,
        tag=tag or f"tpl-{image}",
        disk_bus="virtio" if disk_bus == "virtio" else "scsi",
        bridge=network.bridge if network else "vmbr0",
        vlan=network.vlan if network else None,
        node=node,
        image_storage=image_storage,
        vmid=vmid,
    )
    _carry_out(settings, setup, order, as_json)


def _carry_out(settings: Settings, setup: Setup, order: ImageOrder, as_json: bool) -> None:
    from provisioner.templates.importing import Importer

    def progress(what: Message) -> None:
        if not as_json:
            tell(what)

    folder = settings.path(settings.data_dir) / "templates"
    with _driver(setup) as driver:
        made = Importer(driver, setup.settings, folder, progress).run(order)
    entry = _catalogue_entry(setup.name, order, made)
    if as_json:
        print_json(vars(made) | {"cluster": setup.name, "catalogue": entry})
        return
    if made.new:
        tell(say("Template %(vmid)s on node %(node)s is ready.", vmid=made.vmid, node=made.node))
    else:
        tell(say("Template %(vmid)s of this image is there already.", vmid=made.vmid))
    tell(say("In catalogue.yml, services.cloud_vps.images:"))
    tell(entry)
    tell(
        say(
            "The downloaded image stays for further nodes; to remove it: pvesm free %(volume)s",
            volume=made.image_volume,
        )
    )


def _catalogue_entry(cluster: str, order: ImageOrder, made: Made) -> str:
    """By number where every node can copy it, else by tag: then each node may have its own."""
    reference = f"vmid: {made.vmid}" if made.shared else f"tag: {order.tag}"
    return f"{order.image}:\n  title: {order.image}\n  templates:\n    {cluster}: {{{reference}}}"


def _setups(settings: Settings, cluster: str | None) -> list[Setup]:
    from provisioner.catalogue import check_inventory, load_inventory
    from provisioner.doctor.look import setup_of

    if cluster is not None and cluster not in settings.clusters:
        known = ", ".join(settings.clusters) or "-"
        fault = say("no such cluster; configured are: %(known)s", known=known)
        raise Invalid([FieldError("CLUSTER", fault)])
    inventory = None if check_inventory(settings) else load_inventory(settings)
    return [
        setup_of(name, section, inventory)
        for name, section in settings.clusters.items()
        if cluster in (None, name)
    ]


@contextmanager
def _driver(setup: Setup) -> Iterator[ProxmoxCluster]:
    from provisioner.bootstrap import hypervisor

    with closing(hypervisor(load_settings(), setup.name)) as driver:
        yield driver
