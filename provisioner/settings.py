"""Configuration of one installation: provisioner.toml, overridden by PROVISIONER_ variables."""

from __future__ import annotations

import os
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from provisioner.errors import Misconfigured
from provisioner.texts import say

CONFIG_VARIABLE = "PROVISIONER_CONFIG"
_REFERENCES = ("env:", "file:")


def _is_reference(value: str) -> str:
    if not value.startswith(_REFERENCES):
        raise ValueError("must be a reference: env:NAME or file:PATH, never the secret itself")
    return value


SecretReference = Annotated[str, AfterValidator(_is_reference)]
"""``env:NAME`` or ``file:PATH``; read by ``Settings.secret`` at the moment of use."""


def _is_address(value: str) -> str:
    return str(IPv4Address(value))


_Address = Annotated[str, AfterValidator(_is_address)]
_HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$")]
"""Both are typed at devices as they stand."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SecretSettings(_Section):
    key: SecretReference = "file:var/secret.key"


class AnsibleSettings(_Section):
    vault_password: SecretReference | None = None
    playbooks: Path | None = None
    """The folder of our playbooks; the one that came with the program if left out."""
    memory_mb: int = Field(400, ge=100, description="for forks; 40 MB per host in flight")


class SshSettings(_Section):
    known_hosts: Path = Path("var/known_hosts")
    identity: SecretReference = "file:var/id_ed25519"


class Concurrency(_Section):
    clones: int = Field(2, ge=1, le=16, description="clones at once per storage")
    tasks: int = Field(4, ge=1, le=32, description="tasks at once per node")
    backups: int = Field(1, ge=1, le=16, description="backups and restores at once per storage")
    migrations: int = Field(1, ge=1, le=8, description="moves at once out of one node")


class Timeouts(_Section):
    """Seconds."""

    request: float = Field(60, ge=5)
    task: float = Field(1800, ge=10)
    guest_boot: float = Field(600, ge=5)
    shutdown: int = Field(120, ge=1, description="until the plug of a guest is pulled")


class Reserve(_Section):
    """What stays free on each node and storage, in percent of its total."""

    memory_percent: float = Field(10, ge=0, lt=100)
    disk_percent: float = Field(5, ge=0, lt=100)


class Overcommit(_Section):
    """How much more than the physical may be promised."""

    cores: float = Field(4, ge=1)
    memory: float = Field(1, ge=0.5)


class ClusterSettings(_Section):
    urls: list[str] = Field(min_length=1)
    verify: list[str] = Field(min_length=1)
    token_id: str
    token_secret: SecretReference
    vmid_range: tuple[int, int]
    disk_storage: str
    clone: Literal["linked", "full", "auto"] = "auto"
    pool: str | None = None
    backup_storage: str | None = None
    """Where backups on demand and the last one before an end go; without it there are none."""
    backup_job: str | None = None
    """The id of the cluster's backup job that every VM has to be in."""
    firewall: bool = True
    """Whether each VM gets firewall rules: its SSH port and the ports asked for, nothing else."""
    concurrency: Concurrency = Concurrency()
    timeouts: Timeouts = Timeouts()
    reserve: Reserve = Reserve()
    overcommit: Overcommit = Overcommit()

    @model_validator(mode="before")
    @classmethod
    def _one_path_of_a_ca(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(data.get("verify"), str):
            return {**data, "verify": [data["verify"]]}
        return data

    @model_validator(mode="after")
    def _sound(self) -> ClusterSettings:
        low, high = self.vmid_range
        if not 100 <= low <= high <= 999_999_999:
            raise ValueError("vmid_range must be [low, high] within 100 to 999999999")
        for url in self.urls:
            if not url.startswith("https://"):
                raise ValueError(f"urls: {url!r} must begin with https://")
        return self


class DeviceSettings(_Section):
    """Work on network devices."""

    identity: SecretReference | None = Field(
        None, description="the office's key for network devices; ssh.identity if left out"
    )

    minute: float = Field(
        60, gt=0, le=60, description="seconds in a minute of a device's timer; fewer only in a lab"
    )
    timer_minutes: int = Field(
        5, ge=1, le=120, description="until a device takes an unconfirmed change back by itself"
    )
    sessions: int = Field(50, ge=1, le=500, description="sessions at once, all devices together")
    sessions_per_site: int = Field(20, ge=1, le=500)
    logins_per_domain: int = Field(
        8, ge=1, le=500, description="logins at once in one login domain (provisioner_aaa)"
    )
    connect: float = Field(15, ge=1, description="seconds to connect and log in")
    command: float = Field(60, ge=1, description="seconds for one command to answer")
    second_approver_above: int = Field(
        50, ge=0, description="impact of a change above which two people have to approve it"
    )
    drift_hour: int = Field(
        2, ge=0, le=23, description="hour of the office's night at which all devices are looked at"
    )


class CheckSettings(_Section):
    """Looking for faults."""

    nightly: bool = Field(
        True, description="whether anything is checked by itself at night, or again while it is red"
    )
    hour: int = Field(
        3, ge=0, le=23, description="hour of the office's night at which every site is checked"
    )
    after_handover_hours: float = Field(
        24, gt=0, description="hours after hand-over at which what was made is checked once"
    )
    device_seconds: float = Field(
        20, ge=2, le=300, description="seconds that one device is given to answer everything"
    )
    internet: list[_Address] = Field(
        ["1.1.1.1", "8.8.8.8"],
        description="addresses outside; a site has the Internet when one of them answers",
    )
    names: list[_HostName] = Field(
        ["kominfo.go.id"], description="names that every resolver has to know"
    )
    page: str = Field(
        "http://detectportal.firefox.com/success.txt",
        pattern=r"^https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[A-Za-z0-9._~/?&=%+,:@-]*)?$",
        description="page that probes fetch",
    )
    changed_hours: float = Field(
        48, gt=0, description="hours back in which a change on the way is told in a diagnosis"
    )
    keep_days: int = Field(400, ge=1, description="days that results are kept")


class MailSettings(_Section):
    """The server that sends e-mail to people."""

    host: str = Field(min_length=1)
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="encrypted after a greeting (587), from the start (465), or not"
    )
    ca: Path | None = Field(None, description="CA file, if the server's certificate needs one")
    user: str | None = None
    password: SecretReference | None = None
    sender: str = Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$", description="address that it comes from")
    timeout: float = Field(10, ge=1, le=60, description="seconds for each answer")

    @model_validator(mode="after")
    def _sound(self) -> MailSettings:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together; give both or neither")
        if self.user and self.security == "none":
            raise ValueError("a password is not sent unencrypted; set security to starttls or tls")
        return self


class NotificationSettings(_Section):
    """Whom to tell."""

    urls: list[SecretReference] = Field(
        default_factory=list,
        description="references to addresses as Apprise writes them (mailto, tgram, ntfy)",
    )
    mail: MailSettings | None = Field(
        None, description="the server that sends e-mail to people; none is sent if left out"
    )
    own: list[str] = Field(
        ["tgram", "whatsapp", "discord", "slack", "pover", "pbul"],
        description="kinds of Apprise addresses that people may give for themselves; one that "
        "names a host (json, ntfy) lets a person make this machine call addresses inside",
    )
    gather: float = Field(
        60, ge=0, le=3600, description="seconds in which what happens to one record is one message"
    )


class PeopleSettings(_Section):
    """Signing in."""

    totp_for_approvers: Literal["required", "offered"] = Field(
        "offered", description="one-time codes for who may approve; required: no approving without"
    )
    session_hours: float = Field(12, gt=0, le=720, description="until signing in again at latest")
    idle_minutes: float = Field(240, ge=5, description="unused, until signing in again")


class WebSettings(_Section):
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    public_url: str = "http://127.0.0.1:8080"


class Settings(BaseSettings):
    """All settings; relative paths are relative to the configuration file's folder (``base``)."""

    model_config = SettingsConfigDict(
        env_prefix="PROVISIONER_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    base: Path = Field(default_factory=Path.cwd, exclude=True)
    database_url: str = "sqlite:///var/provisioner.db"
    data_dir: Path = Path("var")
    inventory: list[Path] = Field(default_factory=list)
    catalogue: Path = Path("inventory/catalogue.yml")
    network: Path = Path("inventory/network.yml")
    office: Path = Path("inventory/office.yml")
    secrets: SecretSettings = SecretSettings()
    ansible: AnsibleSettings = AnsibleSettings()
    ssh: SshSettings = SshSettings()
    clusters: dict[str, ClusterSettings] = Field(default_factory=dict)
    devices: DeviceSettings = DeviceSettings()
    checks: CheckSettings = CheckSettings()
    notifications: NotificationSettings = NotificationSettings()
    people: PeopleSettings = PeopleSettings()
    web: WebSettings = WebSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))

    def path(self, path: Path) -> Path:
        """The path, taken from the configuration file's folder where it is relative."""
        return path if path.is_absolute() else self.base / path

    @property
    def absolute_database_url(self) -> str:
        """The database URL with a SQLite file's path made absolute."""
        prefix = "sqlite:///"
        if self.database_url.startswith(prefix):
            return prefix + str(self.path(Path(self.database_url.removeprefix(prefix))))
        return self.database_url

    def secret(self, reference: str) -> str:
        """What a reference points at, without surrounding white space.

        Raises Misconfigured when the variable or file is not there or empty.
        """
        kind, _, name = reference.partition(":")
        if kind == "env":
            value = os.environ.get(name, "")
            if not value.strip():
                raise Misconfigured(
                    str(self.base),
                    reference,
                    say("set the environment variable %(name)s", name=name),
                )
            return value.strip()
        path = self.path(Path(name))
        try:
            value = path.read_text()
        except OSError as error:
            raise Misconfigured(
                str(path), reference, say("cannot be read: %(why)s", why=error.strerror or "?")
            ) from error
        if not value.strip():
            raise Misconfigured(str(path), reference, say("is empty"))
        return value.strip()


def configuration_file() -> Path:
    """The file that PROVISIONER_CONFIG names, ./provisioner.toml without it; there or not."""
    return Path(os.environ.get(CONFIG_VARIABLE, "provisioner.toml"))


def load_settings(path: Path | None = None) -> Settings:
    """Read the configuration file named by ``path`` or PROVISIONER_CONFIG (./provisioner.toml).

    Raises Misconfigured with file, key and remedy.
    """
    path = (path or configuration_file()).absolute()
    if not path.is_file():
        raise Misconfigured(
            str(path), "-", say("there is no such file; `provisioner init` makes one")
        )

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        return FromFile(base=path.parent)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise Misconfigured(str(path), key, say("%(why)s", why=first["msg"])) from error
    except ValueError as error:  # not TOML
        raise Misconfigured(str(path), "-", say("%(why)s", why=str(error))) from error
