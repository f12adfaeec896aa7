"""The helper process in which ansible-runner plays a playbook; the only place that imports it."""

from __future__ import annotations

import json
import os
import shutil
import socketserver
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from provisioner.drivers.ansible.lifeline import take_order

_FATES = {
    "runner_on_ok": "ok",
    "runner_on_failed": "failed",
    "runner_on_unreachable": "unreachable",
    "runner_on_skipped": "skipped",
}


def main() -> None:
    """Take the order, play, and write an event a line; all files are gone when this process is."""
    made: list[Path] = []
    order = take_order(at_end=lambda: _remove(made))
    folder = Path(tempfile.mkdtemp(prefix="p", dir=order["memory"]))
    made.append(folder)
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with answer:
        for name in ("home", "tmp", "data", "c"):
            (folder / name).mkdir()
        server = _Parts(str(folder / "s"), order["parts"])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _play(folder, order, answer)


def _remove(folders: list[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


class _Parts(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Gives each host's part to whoever may enter the folder: this user's processes."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: str, parts: Mapping[str, Any]) -> None:
        super().__init__(path, _Asked)
        self.parts = parts


class _Asked(socketserver.StreamRequestHandler):
    server: _Parts

    def handle(self) -> None:
        host = self.rfile.readline().decode().rstrip("\n")
        self.wfile.write(json.dumps(self.server.parts[host]).encode())


def _play(folder: Path, order: Mapping[str, Any], answer: IO[str]) -> None:
    import ansible_runner  # type: ignore[import-untyped]

    def tell(event: Mapping[str, Any]) -> bool:
        data = event.get("event_data", {})
        fate = _FATES.get(event["event"])
        if fate:
            line: dict[str, Any] = {
                "host": data["host"],
                "fate": fate,
                "task": data.get("task", ""),
                "answer": data.get("res", {}),
            }
        elif event["event"] == "playbook_on_stats":
            line = {"through": [*data["processed"]]}
        else:
            return False
        answer.write(json.dumps(line) + "\n")
        answer.flush()
        return False  # keep no file of it

    ansible_runner.run(
        private_data_dir=str(folder / "data"),
        project_dir=str(Path(order["playbook"]).parent),
        playbook=order["playbook"],
        inventory=_inventory(folder, order),
        extravars=order["variables"],
        cmdline="--check" if order["check"] else None,
        envvars=_environment(folder, order),
        suppress_env_files=True,
        suppress_output_file=True,
        event_handler=tell,
        quiet=True,
        settings={"suppress_ansible_output": True},
    )


def _environment(folder: Path, order: Mapping[str, Any]) -> dict[str, str]:
    (folder / "ansible.cfg").write_text(
        "[defaults]\n"
        f"forks = {order['forks']}\n"
        f"timeout = {round(order['connect'])}\n"
        f"task_timeout = {round(order['connect'] + order['command'])}\n"
        f"local_tmp = {folder / 'tmp'}\n"
        "host_key_checking = true\n"
        "retry_files_enabled = false\n"
        "inject_facts_as_vars = false\n"
        "[ssh_connection]\n"
        "ssh_args =\n"
        "pipelining = true\n"
        "password_mechanism = ssh_askpass\n"
        "[persistent_connection]\n"
        f"control_path_dir = {folder / 'c'}\n"
        f"connect_timeout = {round(order['connect'] + order['command'])}\n"
        f"command_timeout = {round(order['command'])}\n"
    )
    return {
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "home"),
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "PROVISIONER_SOCKET": str(folder / "s"),
    }


def _inventory(folder: Path, order: Mapping[str, Any]) -> dict[str, Any]:
    (folder / "known").write_text(order["known_hosts"])
    (folder / "home/.ssh").mkdir()
    (folder / "home/.ssh/known_hosts").write_text(order["known_hosts"])
    if order["identity"]:
        path = folder / "identity"
        path.touch(0o600)
        path.write_text(order["identity"].strip() + "\n")
    return {
        "all": {
            "hosts": {
                name: {**_host(folder, connection, order), **order["secrets"].get(name, {})}
                for name, connection in order["hosts"].items()
            }
        }
    }


def _host(folder: Path, connection: Mapping[str, Any], order: Mapping[str, Any]) -> dict[str, Any]:
    """How Ansible reaches one host: by OpenSSH, or by a command line that it keeps open."""
    if connection["terminal"]:
        return _terminal(folder, connection)
    return _openssh(folder, connection, order)


def _terminal(folder: Path, connection: Mapping[str, Any]) -> dict[str, Any]:
    """Its connection process ends with all else that we started; it takes known hosts from HOME."""
    routeros = connection["terminal"].endswith("routeros")
    host = {
        "ansible_connection": "ansible.netcommon.network_cli",
        "ansible_network_os": connection["terminal"],
        "ansible_network_cli_ssh_type": "paramiko",  # libssh takes no other list of known hosts
        "ansible_host": connection["address"],
        "ansible_port": connection["port"],
        # RouterOS: no colours, no questions, a line of 1024 characters
        "ansible_user": connection["user"] + ("+cet1024w" if routeros else ""),
        "ansible_host_key_checking": True,
        "ansible_python_interpreter": sys.executable,
    }
    if connection["password"] is not None:
        host["ansible_password"] = connection["password"]
    else:
        host["ansible_private_key_file"] = connection["key_file"] or str(folder / "identity")
    if not routeros:
        host |= {"ansible_become": True, "ansible_become_method": "ansible.netcommon.enable"}
        if connection["become_password"]:
            host["ansible_become_password"] = connection["become_password"]
    return host


def _openssh(
    folder: Path, connection: Mapping[str, Any], order: Mapping[str, Any]
) -> dict[str, Any]:
    options = [
        "-F /dev/null",
        "-o StrictHostKeyChecking=yes",
        f"-o UserKnownHostsFile={folder}/known",
        "-o GlobalKnownHostsFile=/dev/null",
        "-o UpdateHostKeys=no",
        "-o IdentityAgent=none",
        *_sharing(folder, order["one_session"]),
        "-o CheckHostIP=no",
        "-o ServerAliveInterval=5",
        "-o ServerAliveCountMax=3",
        f"-o ConnectTimeout={round(order['connect'])}",
    ]
    if connection["legacy"]:
        options.append("-o HostKeyAlgorithms=+ssh-rsa -o PubkeyAcceptedAlgorithms=+ssh-rsa")
    host = {
        "ansible_connection": "ansible.builtin.ssh",
        "ansible_host": connection["address"],
        "ansible_port": connection["port"],
        "ansible_user": connection["user"],
        "ansible_ssh_args": " ".join(options),
    }
    if connection["password"] is not None:
        host["ansible_password"] = connection["password"]
        host["ansible_ssh_args"] += " -o PubkeyAuthentication=no"
    else:
        key = connection["key_file"] or str(folder / "identity")
        host["ansible_ssh_private_key_file"] = key
        host["ansible_ssh_args"] += " -o IdentitiesOnly=yes -o PasswordAuthentication=no"
    return host


def _sharing(folder: Path, one_session: bool) -> list[str]:
    """Whether the tasks share one connection; its master ends with all else that we started."""
    if not one_session:
        return ["-o ControlMaster=no", "-o ControlPath=none"]
    return ["-o ControlMaster=auto", f"-o ControlPath={folder}/%C", "-o ControlPersist=60"]


if __name__ == "__main__":
    main()
