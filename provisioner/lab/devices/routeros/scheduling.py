"""The scheduler: entries run when the device's own clock says so, over reboots too."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros.clock import due_at
from provisioner.lab.devices.routeros.everywhere import perform
from provisioner.lab.devices.routeros.running import Run
from provisioner.lab.devices.routeros.words import RefusedError

if TYPE_CHECKING:
    from datetime import datetime

    from provisioner.lab.devices.routeros.box import RouterOsDevice


def arrange(device: RouterOsDevice, after: datetime | None = None) -> None:
    """Set the alarm for the next entry; to be called whenever entries may have changed."""
    if device.due is not None:
        device.due.cancel()
        device.due = None
    now = device.now()
    since = max(now, after or now)
    times = [due_at(device, item, since) for item in device.store.items("system scheduler")]
    coming = min((each for each in times if each is not None), default=None)
    if coming is not None:
        wait = max((coming - now).total_seconds(), 0.0)
        device.due = device.later(wait / 60, lambda: _fire(device, coming))


def _fire(device: RouterOsDevice, moment: datetime) -> None:
    device.due = None
    before = moment - timedelta(microseconds=1)
    for item in list(device.store.items("system scheduler")):
        if due_at(device, item, before) == moment:
            item.values["run-count"] = str(int(item.values.get("run-count", "0")) + 1)
            event, owner = item.values.get("on-event", ""), item.values.get("owner", "")
            device.spawn(_run(device, event, owner)).set_name(f"schedule {item.name}")
    arrange(device, moment)


async def _run(device: RouterOsDevice, event: str, user: str) -> None:
    script = device.store.get("system script", event)
    source = script.values.get("source", "") if script else event
    try:
        await perform(Run(device, user, lambda text: None), source)
    except RefusedError as error:
        device.note("script,error", f"script error: {error}")
