"""What may be asked for something that stands: title, meaning and questions of each action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.texts import Message, say

EVERYDAY, CHANGE, GRAVE = "everyday", "change", "grave"
GROUPS = {
    EVERYDAY: say("Everyday"),
    CHANGE: say("Changes"),
    GRAVE: say("Grave steps"),
}


@dataclass(frozen=True)
class Act:
    """One action as its page shows it; ``asks`` are the names of its questions."""

    key: str
    group: str
    title: Message
    about: Message
    """What happens, in a sentence or two."""
    asks: tuple[str, ...] = ()
    lost: Message | None = None
    """What cannot be had back afterwards."""
    only_here: frozenset[str] = frozenset()
    """Questions that the page asks for safety and the request does not keep."""

    @property
    def confirms(self) -> bool:
        """Whether the name has to be typed once more."""
        return "confirm" in self.asks

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the form's fields, in order."""
        return tuple(f"details/{name}" for name in self.asks)


_VM = (
    Act(
        "restart", EVERYDAY, say("Restart"),
        say("The server is shut down properly and switched on again; it does not answer for some "
            "minutes."),
        ("reason",),
    ),
    Act(
        "stop", EVERYDAY, say("Switch off"),
        say("The server is shut down properly and stays off until it is switched on again. Its "
            "place, address and data stay."),
        ("reason",),
    ),
    Act("start", EVERYDAY, say("Switch on"), say("The server is switched on."), ("reason",)),
    Act(
        "resume", EVERYDAY, say("Take up again"),
        say("The suspended server is switched on and may be used again; it is no longer due to be "
            "removed."),
        ("reason",),
    ),
    Act(
        "snapshot", EVERYDAY, say("Take a snapshot"),
        say("Keeps the disks as they are now, for example before an update. A snapshot is no "
            "backup: it is lost together with the server."),
        ("name", "note", "keep_days"),
    ),
    Act(
        "rollback", EVERYDAY, say("Roll back to a snapshot"),
        say("The server is set back to how it was when the snapshot was taken."),
        ("snapshot", "reason"),
        lost=say("Everything that was changed on the server since the snapshot is lost."),
    ),
    Act(
        "delete_snapshot", EVERYDAY, say("Delete a snapshot"),
        say("The snapshot is removed; the server goes on as it is."),
        ("snapshot",),
        lost=say("The server can no longer be rolled back to that snapshot."),
    ),
    Act(
        "backup", EVERYDAY, say("Back up now"),
        say("A copy of the whole server is written to the backup storage while it goes on "
            "working."),
        ("note",),
    ),
    Act(
        "resize", CHANGE, say("Another size"),
        say("Gives the server other cores, memory or disk. More cores and memory need a restart; "
            "a disk only grows."),
        ("size", "extra_disk_gb", "reason"),
    ),
    Act(
        "add_key", CHANGE, say("Add an SSH key"),
        say("A further key may sign in as the server's user. Keys that are there stay."),
        ("ssh_keys", "reason"),
    ),
    Act(
        "extend", CHANGE, say("Prolong"),
        say("The server is kept until a later day."),
        ("until", "reason"),
    ),
    Act(
        "move", CHANGE, say("Move to another node"),
        say("The server goes to another machine of the cluster. Address and data stay."),
        ("node", "reason"),
    ),
    Act(
        "settle", CHANGE, say("Settle differences"),
        say("The cluster shows something else than our record. Say for each difference which of "
            "the two counts."),
        ("how", "what", "reason"),
    ),
    Act(
        "suspend", GRAVE, say("Suspend"),
        say("The server is switched off and kept off, until it is taken up again."),
        ("confirm", "reason"),
        lost=say("Nobody can reach the server and its services while it is suspended; its data "
                 "stay."),
        only_here=frozenset({"confirm"}),
    ),
    Act(
        "restore", GRAVE, say("Restore a backup"),
        say("A backup is put in the server's place."),
        ("backup", "confirm", "reason"),
        lost=say("Everything that was changed on the server since the backup is lost, its "
                 "snapshots too."),
    ),
    Act(
        "rebuild", GRAVE, say("Make it anew"),
        say("The server is removed and made again with the same name, address and keys, from a "
            "fresh operating system."),
        ("image", "confirm", "reason"),
        lost=say("All data, programs and settings on the server are lost, its snapshots too."),
    ),
    Act(
        "end", GRAVE, say("End it"),
        say("The server is given back: switched off at once, removed after the days of grace."),
        ("confirm", "reason"),
        lost=say("After the grace, all data on the server are lost; its address goes to others."),
    ),
)  # fmt: skip
_ON_DEVICES = Act(
    "settle", CHANGE, say("Settle differences"),
    say("The network devices show something else than our record. Say which of the two counts; to "
        "accept a difference a reason is needed."),
    ("how", "what", "reason"),
)  # fmt: skip
_COLOCATION = (
    _ON_DEVICES,
    Act(
        "extend", CHANGE, say("Prolong"),
        say("The server keeps its place in the rack until a later day."),
        ("until",),
    ),
    Act(
        "end", GRAVE, say("End it"),
        say("The switch port is freed, and a technician takes the server out of the rack."),
        ("confirm", "reason"),
        lost=say("The server's place, port and address go to others."),
    ),
)  # fmt: skip
_SITE = (
    _ON_DEVICES,
    Act(
        "change", CHANGE, say("Change"),
        say("Another speed, other settings of the WiFi, power over the cable. What is left empty "
            "stays as it is."),
        ("rate_limit_mbps", "poe", "ssid", "security", "passphrase", "isolate_clients"),
    ),
    Act(
        "extend", CHANGE, say("Prolong"),
        say("The site stays connected until a later day."),
        ("until",),
    ),
    Act(
        "end", GRAVE, say("End it"),
        say("The port is freed and everything that was set up for the site is removed."),
        ("confirm", "reason"),
        lost=say("The site has no Internet from then on; its port, VLAN and addresses go to "
                 "others."),
        only_here=frozenset({"confirm"}),
    ),
)  # fmt: skip
_WIFI = (
    _ON_DEVICES,
    Act(
        "change", CHANGE, say("Change"),
        say("Another speed or passphrase, or whether guests reach each other. What is left empty "
            "stays as it is."),
        ("rate_limit_mbps", "passphrase", "isolate_clients"),
    ),
)  # fmt: skip
_WIFI_TITLES = {"extend": say("Prolong"), "end": say("End now")}

ACTS: Mapping[str, Mapping[str, Act]] = {
    "vm": {act.key: act for act in _VM},
    "colocation": {act.key: act for act in _COLOCATION},
    "site": {act.key: act for act in _SITE},
    "event_wifi": {act.key: act for act in _WIFI},
}
"""By kind of instance and name of action; an event's WiFi has the two others on its own page."""
KIND_OF_SERVICE = {
    "cloud_vps": "vm", "colocation": "colocation", "event_wifi": "event_wifi", "internet": "site",
}  # fmt: skip
FIELDS = tuple(dict.fromkeys(n for act in (*_VM, *_COLOCATION, *_SITE, *_WIFI) for n in act.fields))
"""Every field of every action."""
WAYS = {
    "adopt": (
        say("Adopt"),
        say("What the cluster shows is right: our record is changed, the server stays as it is."),
    ),
    "restore": (
        say("Restore"),
        say("What our record says is right: the server is set back to it."),
    ),
    "accept": (
        say("Accept"),
        say("Leave both as they are and stop telling about it, until it changes again."),
    ),
}
"""How a difference may be settled, and what that means."""
DEVICE_WAYS = {
    "restore": (
        say("Restore"),
        say("What our record says is right: the devices are set back to it."),
    ),
    "accept": WAYS["accept"],
}
"""The same for what stands on network devices."""


def act_of(service: str, action: object) -> Act | None:
    """The action of a service's request; None where its page is not here."""
    return ACTS.get(KIND_OF_SERVICE.get(service, ""), {}).get(str(action))


def title_of_action(service: str, action: object) -> Message | str:
    """What people call the action."""
    if service == "event_wifi" and action in _WIFI_TITLES:
        return _WIFI_TITLES[str(action)]
    act = act_of(service, action)
    return act.title if act else str(action)
