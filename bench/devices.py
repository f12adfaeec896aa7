"""`python -m bench.devices`: one change on many switches, by ourselves and by others, in one run.

20 ms per line on simulated switches in a process of their own; each client in a process of its own,
interleaved, medians. After every row the switches themselves say how many of them hold it, saved.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.table import Table

from bench.peers import ANSIBLE_VENV, ROOT

DELAY = 0.02
ANSIBLE_DEVICES = ANSIBLE_FORKS = 10
_PACKAGES = ["ansible", "ansible-pylibssh", "netmiko", "paramiko<5", "nornir", "nornir-netmiko"]
_ANSIBLE, _PEER = ANSIBLE_VENV / "bin" / "ansible-playbook", ANSIBLE_VENV / "bin" / "python"

KINDS = {
    "asyncssh": "asyncssh, 50 at once (no checks)",
    "asyncssh-all": "asyncssh, all at once (no checks)",
    "ours": "provisioner, 50 sessions",
    "netmiko": "netmiko, 50 threads",
    "nornir": "nornir-netmiko, 50 workers",
}
_TITLES = {
    "plain": "plain change: log in, six lines, save",
    "whole": "whole transaction: read, apply under a timer, verify, confirm and save",
    "backup": "backup sweep: read every configuration and keep it (ours in git, others as files)",
    "examine": "sweep of checks: 18 reads each (ours into values, others as text)",
}
_READS = frozenset({"backup", "examine"})
"""What changes nothing, so that no switch has to hold anything afterwards."""
Row = dict[str, float]


class Switches:
    """`bench.device_lab` in its own process."""

    def __init__(self, process: subprocess.Popen[str], directory: Path) -> None:
        self._process = process
        self.spec = self._answer()
        self.path = directory / "spec.json"
        self.path.write_text(json.dumps(self.spec))

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())  # type: ignore[no-any-return]

    def ask(self, word: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return self._answer()


@contextmanager
def switches(count: int) -> Iterator[Switches]:
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        command = [sys.executable, "-m", "bench.device_lab", str(count), str(DELAY), made]
        process = subprocess.Popen(
            command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            yield Switches(process, Path(made))
        finally:
            if process.stdin:
                process.stdin.close()
            process.wait(30)


def client(lab: Switches, kind: str, what: str) -> Row:
    """One measurement; says how many switches hold the change as they tell it themselves."""
    lab.ask("reset")
    python = str(_PEER if kind in ("netmiko", "nornir") else sys.executable)
    done = subprocess.run(
        [python, "-m", "bench.device_clients", kind, what, str(lab.path)],
        cwd=ROOT, text=True, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{kind} {what}:\n{done.stderr[-3000:]}")
    seen = lab.ask("check")
    if what in _READS:
        seen["configured"] = len(lab.spec["hosts"])  # a client that missed one has failed
    return {**json.loads(done.stdout), **seen}


def ansible(lab: Switches) -> Row:
    """`ios_config` on the first few; its start-up counts, as it is paid for every job."""
    lab.ask("reset")
    hosts = lab.spec["hosts"][:ANSIBLE_DEVICES]
    variables = {
        "ansible_connection": "ansible.netcommon.network_cli",
        "ansible_network_os": "cisco.ios.ios",
        "ansible_network_cli_ssh_type": "libssh",
        "ansible_host_key_checking": False,
    }
    inventory = lab.path.with_name("hosts.yml")
    names = {
        each["name"]: {
            "ansible_host": each["address"],
            "ansible_port": each["port"],
            "ansible_user": each["user"],
            "ansible_password": each["password"],
        }
        for each in hosts
    }
    inventory.write_text(yaml.safe_dump({"all": {"vars": variables, "hosts": names}}))
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [str(_ANSIBLE), "-i", str(inventory), "-f", str(ANSIBLE_FORKS), "bench/devices.yml"],
        cwd=ROOT, text=True, capture_output=True, check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", "PYTHONWARNINGS": "ignore",
             "ANSIBLE_HOST_KEY_CHECKING": "False", "ANSIBLE_HOME": str(lab.path.parent / "a"),
             "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR": str(lab.path.parent / "pc")},
    )  # fmt: skip
    wall = time.monotonic() - began
    if done.returncode != 0:
        raise RuntimeError(f"ansible:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": wall, "cpu": cpu, **lab.ask("check")}


def why_no_peers(install: bool) -> str | None:
    """None where .venv-bench has what the peers need, else why they are left out."""
    look = [str(_PEER), "-c", "import netmiko, nornir, nornir_netmiko, pylibsshext"]
    if _PEER.exists() and subprocess.run(look, capture_output=True, check=False).returncode == 0:
        return None
    if not install:
        return "not in .venv-bench; --with-peers installs them there"
    for command in (
        [sys.executable, "-m", "venv", str(ANSIBLE_VENV)],
        [str(_PEER), "-m", "pip", "install", "-q", *_PACKAGES],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"could not be installed: {done.stderr.strip().splitlines()[-1:]}"
    return None


def measure(
    counts: list[int], runs: int, missing: str | None, tasks: Sequence[str]
) -> dict[str, Any]:
    """All figures as plain data: by number of switches, task and client, the medians."""
    kinds = [kind for kind in KINDS if not (missing and kind in ("netmiko", "nornir"))]
    results: dict[str, Any] = {}
    for count in counts:
        with switches(count) as lab:
            for what in tasks:
                rows: dict[str, list[Row]] = {kind: [] for kind in kinds}
                for _ in range(runs):
                    for kind in kinds:
                        rows[kind].append(client(lab, kind, what))
                results.setdefault(str(count), {})[what] = {
                    kind: _median(found) for kind, found in rows.items()
                }
    if not missing and "plain" in tasks:
        with switches(ANSIBLE_DEVICES) as lab:
            results["ansible"] = {"ansible": ansible(lab), "ours": client(lab, "ours", "plain")}
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()}
    return {"results": results, "runs": runs, "missing": missing, "machine": machine}


def _median(rows: list[Row]) -> Row:
    middle = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    worst = min(row["configured"] for row in rows)
    return {**middle, "configured": worst, "least": min(row["wall"] for row in rows)}


def main(
    devices: Annotated[list[int] | None, typer.Option(help="How many; repeatable.")] = None,
    runs: Annotated[int, typer.Option(help="Of each, interleaved; medians are told.")] = 3,
    with_peers: Annotated[
        bool, typer.Option("--with-peers", help="Install the peers into .venv-bench if need be.")
    ] = False,
    what: Annotated[
        list[str] | None, typer.Option(help="Only plain, whole, backup or examine; repeatable.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="One of each, on 20 switches.")] = False,
    as_json: Annotated[
        Path | None, typer.Option("--json", help="Write the results here as well.")
    ] = None,
) -> None:
    """Measure the same change by everybody."""
    counts = [20] if quick and not devices else devices or [50, 200, 500]
    tasks = what or list(_TITLES)
    results = measure(counts, 1 if quick else runs, why_no_peers(with_peers), tasks)
    show(results)
    if as_json is not None:
        as_json.write_text(json.dumps(results, indent=1) + "\n")
    broken = [row for row in _rows(results) if row[2]["configured"] != row[1]]
    if broken:
        raise RuntimeError(f"not all switches were configured: {broken}")


def _rows(results: dict[str, Any]) -> Iterator[tuple[str, int, Row]]:
    for count, tasks in results["results"].items():
        if count == "ansible":
            yield from ((kind, ANSIBLE_DEVICES, row) for kind, row in tasks.items())
            continue
        for found in tasks.values():
            yield from ((kind, int(count), row) for kind, row in found.items())


def show(results: dict[str, Any]) -> None:
    """As tables."""
    console = Console(width=140)
    for count, tasks in results["results"].items():
        if count == "ansible":
            titles = {"ansible": "Ansible ios_config, libssh, 10 forks", "ours": KINDS["ours"]}
            _table(console, f"{ANSIBLE_DEVICES} switches, plain change", tasks, titles, "ours")
            continue
        for what, found in tasks.items():
            title = f"{count} switches, {_TITLES[what]}"
            _table(console, title, found, KINDS, "asyncssh")
    if results["missing"]:
        console.print(f"netmiko, nornir, Ansible: {results['missing']}")
    console.print(
        f"{DELAY * 1000:.0f} ms per line, medians of {results['runs']}; "
        + ", ".join(f"{key} {value}" for key, value in results["machine"].items())
    )


def _table(
    console: Console, title: str, found: dict[str, Row], titles: dict[str, str], floor: str
) -> None:
    table = Table(title=title)
    for column in ("", "wall s", f"x {floor}", "least", "CPU ms each", "MB", "lines each", "held"):
        table.add_column(column, justify="left" if not column else "right")
    for kind, row in found.items():
        count = ANSIBLE_DEVICES if "ansible" in found else int(title.split()[0])
        table.add_row(
            titles[kind],
            f"{row['wall']:.2f}",
            f"{row['wall'] / found[floor]['wall']:.2f}",
            f"{row.get('least', row['wall']):.2f}",
            f"{row['cpu'] / count * 1000:.0f}",
            f"{row['rss']:.0f}" if "rss" in row else "",
            f"{row['lines'] / count:.1f}",
            f"{row['configured']:.0f}/{count}",
        )
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
