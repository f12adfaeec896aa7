"""What the probe's script tells wpa_supplicant, and what it makes of what that says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from provisioner.drivers.linux.scripting import alone
from provisioner.drivers.probe import ProbeOrder
from provisioner.drivers.probes.probing import _given

CONNECTED = "wlan0: CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:00:00 completed [id=0]"
TEMP = 'wlan0: CTRL-EVENT-SSID-TEMP-DISABLED id=0 ssid="x" auth_failures=1 duration=10 reason='
NOT_FOUND = "wlan0: CTRL-EVENT-NETWORK-NOT-FOUND"
TRYING = "wlan0: Trying to associate with 02:00:00:00:00:00 (SSID='x' freq=2412 MHz)"


def run(order: ProbeOrder, then: str) -> str:
    text = alone("provisioner.drivers.probes", "probe", _given("wlan0", order))
    head, main, _ = text.rpartition("\nmain\n")
    assert main
    done = subprocess.run(
        ["sh", "-s"], input=f"{head}\n{then}\n", capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("key", ["rahasia 'sekali' 1", 'k"utip$HOME`id`', "\\\\n;reboot #%s"])
def test_the_passphrase_stays_as_it_is(key: str) -> None:
    said = run(ProbeOrder("Rapat é", "wpa2-personal", key), "network").splitlines()
    assert f"ssid={'Rapat é'.encode().hex()}" in said
    assert f'psk="{key}"' in said
    said = run(ProbeOrder("Rapat", "wpa3-personal", key), "network").splitlines()
    assert f'sae_password="{key}"' in said
    assert "key_mgmt=SAE" in said
    assert "key_mgmt=NONE" in run(ProbeOrder("Rapat"), "network").splitlines()


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ([TRYING, CONNECTED], "yes"),
        ([TRYING, "wlan0: WPA: 4-Way Handshake failed - pre-shared key may be incorrect"],
         "wrong-key"),
        ([TRYING, f"{TEMP}WRONG_KEY"], "wrong-key"),
        (["wlan0: CTRL-EVENT-AUTH-REJECT 02:00:00:00:00:00 auth_type=3 auth_transaction=2 "
          "status_code=15"], "wrong-key"),
        ([NOT_FOUND] * 4, "not-found"),
        ([TRYING, *[NOT_FOUND] * 4], "timeout"),
        ([TRYING, "wlan0: CTRL-EVENT-ASSOC-REJECT bssid=02:00:00:00:00:00 status_code=17",
          *[NOT_FOUND] * 4], "status_code=17"),
    ],
)  # fmt: skip
def test_why_it_could_not_join_is_told_apart(tmp_path: Path, log: list[str], told: str) -> None:
    (tmp_path / "log").write_text("\n".join(log) + "\n")
    said = run(
        ProbeOrder("x", "open"),
        f"scratch={tmp_path}; exec 3>&1; stop() {{ exit 0; }}\n"
        f'inside() {{ case $1 in wpa_supplicant) cat "{tmp_path}/log" ;; esac; }}\njoin',
    )
    (line,) = [line for line in said.splitlines() if line.startswith("prov-joined")]
    assert line.endswith(told)
