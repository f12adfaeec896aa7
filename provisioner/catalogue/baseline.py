"""catalogue.yml, key baseline: what every finished VM is brought to, as data."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from provisioner.catalogue.fields import DataModel, FieldFault, plain_text
from provisioner.texts import say

# Each form leaves out braces and quotes: what is written here is put into files by Ansible.
_HOST = r"^[A-Za-z0-9:][A-Za-z0-9.:-]{0,252}$"
_PACKAGE = r"^[a-z0-9][a-z0-9+.-]{1,99}$"
_SERVICE = r"^[A-Za-z0-9][A-Za-z0-9@._-]{0,99}$"
_CONFIG_FILE = r"^/etc/[a-z0-9][a-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)+$"
_PROXY = r"^https?://[A-Za-z0-9.\[\]:-]{1,253}/?$"
_TEMPLATE = re.compile(r"\{[{%#]")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise FieldFault(
            say("is not a time zone; use Asia/Jakarta, Asia/Makassar or Asia/Jayapura")
        ) from None
    return value


def _addresses(value: str) -> str:
    try:
        return str(ip_network(value)) if "/" in value else str(ip_network(value).network_address)
    except ValueError:
        raise FieldFault(
            say("must be an address or a network such as 10.10.0.5 or 10.10.0.0/24")
        ) from None


def _line(value: str) -> str:
    if _TEMPLATE.search(value):
        raise FieldFault(
            say("may not contain a brace that is followed by a brace, a per cent or a number sign")
        )
    return plain_text(value, minimum=0, maximum=300)


Line = Annotated[str, AfterValidator(_line)]


class SshPolicy(DataModel):
    """Who may log in to a VM by SSH; keys always open."""

    password_login: bool = Field(
        False, strict=True, description="whether passwords open the SSH server too"
    )
    root_login: bool = Field(
        False, strict=True, description="whether root may log in, with a key and never a password"
    )


class Monitoring(DataModel):
    """The office's monitoring agent on every VM."""

    package: Annotated[str, StringConstraints(pattern=_PACKAGE)] = Field(
        description="Debian's name of the package, such as zabbix-agent2"
    )
    service: Annotated[str, StringConstraints(pattern=_SERVICE)] | None = Field(
        None, description="name of its service; that of the package if left out"
    )
    port: int | None = Field(
        None, strict=True, ge=1, le=65535, description="TCP port on which it is asked, if it is"
    )
    allowed_hosts: tuple[Annotated[str, AfterValidator(_addresses)], ...] = Field(
        (), description="addresses or networks that may ask it, through the VM's own firewall too"
    )
    config_file: Annotated[str, StringConstraints(pattern=_CONFIG_FILE)] | None = Field(
        None, description="file of its configuration that the office keeps whole, below /etc"
    )
    config_lines: tuple[Line, ...] = Field(
        (),
        description="lines of that file; ALLOWED_HOSTS stands for allowed_hosts with commas; "
        "never a secret, every administrator of a VM can read them",
    )

    @model_validator(mode="after")
    def _lines_have_a_file(self) -> Monitoring:
        if self.config_lines and self.config_file is None:
            raise FieldFault(say("config_lines need config_file, the file that they stand in"))
        return self


class Baseline(DataModel):
    """What a finished VM is brought to over SSH; values left out leave the image as it is."""

    time_zone: Annotated[str, AfterValidator(_zone)] | None = Field(
        None, description="IANA time zone; the image's own if left out"
    )
    ntp_servers: tuple[Annotated[str, StringConstraints(pattern=_HOST)], ...] = Field(
        (), max_length=8, description="the office's time servers; the image's own if left out"
    )
    updates: Literal["security", "none"] = Field(
        "security",
        description="security: security updates install themselves daily, without reboots; "
        "none: as the image has it",
    )
    apt_proxy: Annotated[str, StringConstraints(pattern=_PROXY)] | None = Field(
        None, description="proxy through which packages are fetched, http://HOST:PORT"
    )
    ssh: SshPolicy = Field(SshPolicy(), description="who may log in by SSH")
    firewall: bool = Field(
        False,
        strict=True,
        description="a firewall inside the VM with the request's ports and SSH; usually off, as "
        "the cluster's firewall does it where no administrator of a VM can switch it off",
    )
    monitoring: Monitoring | None = Field(None, description="monitoring agent; none if left out")
    banner: Line | None = Field(
        None, description="one line that everyone sees before logging in by SSH"
    )
