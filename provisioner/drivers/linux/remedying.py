"""What helps on a Linux host without changing what is set up."""

from __future__ import annotations

from provisioner.drivers.linux import sayable
from provisioner.drivers.network import BouncePort, EnablePort, Host, Remedy, RestartRadio
from provisioner.errors import Refused, StepFailure
from provisioner.texts import say


def given(host: Host, remedy: Remedy) -> dict[str, str]:
    """The values for ``remedy.sh``. Raises Refused for what a Linux host cannot do."""
    match remedy:
        case BouncePort(port):
            return {"remedy": "bounce", "port": sayable.port(port)}
        case EnablePort(port):
            return {"remedy": "enable", "port": sayable.port(port)}
        case RestartRadio(radio):
            return {"remedy": "radio", "port": sayable.port(radio) if radio else ""}
    raise Refused(
        say("%(host)s is a Linux host, which cannot do this.", host=host.name),
        meaning=say("Nothing was changed on it."),
        next=say("Do it by hand, or choose another remedy."),
    )


def our_way(host: Host, port: str) -> StepFailure:
    """It would cut the session that does it."""
    return Refused(
        say("%(host)s is reached over its port %(port)s.", host=host.name, port=port),
        meaning=say("Switching it off could cut the way to it. Nothing was changed on it."),
        next=say("Do it by hand at the device, or choose another remedy."),
    )
