"""The driver examines what other versions and models say: old switches, stacks, routers."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.drivers.network.examination import (
    PowerBudget,
)
from tests.contract.ios_saying import clock, examined

# ---------------------------------------------------------------- the device itself


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("1 minute", 60),
        ("3 hours, 2 minutes", 10920),
        ("1 week, 1 day, 1 hour, 1 minute", 694_860),
        ("2 years, 3 weeks, 4 days, 5 hours, 6 minutes", 65_250_360),
    ],
)
def test_uptime(tmp_path: Path, line: str, seconds: int) -> None:
    text = f"Cisco IOS Software, Version 15.0(2)SE\nrouter1 uptime is {line}\n"
    assert examined(tmp_path, {"show version": text}).system.uptime == seconds


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("System returned to ROM by power-on", "power-on"),
        ("System returned to ROM by reload at 07:11:13 UTC Mon Mar 1 1993", "reload"),
        (
            "System returned to ROM by bus error at PC 0x60, address 0x0",
            "bus error at PC 0x60, address 0x0",
        ),
        ("System returned to ROM by Reload Command\nLast reload reason: PowerOn\n", "PowerOn"),
    ],
)
def test_why_it_started(tmp_path: Path, text: str, reason: str) -> None:
    text = f"Cisco Internetwork Operating System Software\nrouter1 uptime is 1 day\n{text}\n"
    assert examined(tmp_path, {"show version": text}).system.restarted == reason


@pytest.mark.parametrize(
    ("command", "text", "percent"),
    [
        ("show processes memory", "Total: 47838112, Used: 23919056, Free: 23919056\n", 50.0),
        (
            "show processes memory",
            "Processor Pool Total: 1000 Used: 900 Free: 100\n lsmpi_io Pool Total: 6295128 "
            "Used: 6294296 Free: 832\n",
            90.0,
        ),
        (
            "show processes memory",
            "System memory  : 3998436K total, 1536684K used, 2461752K free\n"
            "Processor Pool Total:  200 Used:  50 Free:  150\n",
            25.0,
        ),
    ],
)
def test_memory(tmp_path: Path, command: str, text: str, percent: float) -> None:
    assert examined(tmp_path, {command: text}).system.memory_percent == percent


@pytest.mark.parametrize(
    ("rows", "percent"),
    [
        ("*    1000   250     flash     rw   flash:\n     -   -   opaque  rw  system:\n", 75.0),
        ("*  11250098176  5625049088  disk  rw  bootflash: flash:\n"
         "  1651314688  10  disk  rw  crashinfo:\n", 50.0),
        ("     500   500     flash     rw   flash:\n     100   0  disk rw usbflash0:\n", 0.0),
        ("        -    -  opaque  rw  null:\n", None),
    ],
)  # fmt: skip
def test_flash(tmp_path: Path, rows: str, percent: float | None) -> None:
    text = f"File Systems:\n\n     Size(b)     Free(b)      Type  Flags  Prefixes\n{rows}"
    assert examined(tmp_path, {"show file systems": text}).system.storage_percent == percent


HEALTHY = {
    "2960": """FAN is OK
TEMPERATURE is OK
Temperature Value: 41 Degree Celsius
Temperature State: GREEN
Yellow Threshold : 65 Degree Celsius
Red Threshold    : 75 Degree Celsius
POWER is OK
RPS is NOT PRESENT
""",
    "3850": """Switch   FAN     Speed   State   Airflow direction
---------------------------------------------------
  1       1     5440     OK     Front to Back
FAN PS-1 is OK
FAN PS-2 is NOT PRESENT
Switch 1: SYSTEM TEMPERATURE is OK
Inlet Temperature Value: 29 Degree Celsius
Temperature State: GREEN
Yellow Threshold : 46 Degree Celsius
Red Threshold    : 56 Degree Celsius
Hotspot Temperature Value: 41 Degree Celsius
Temperature State: GREEN
Yellow Threshold : 105 Degree Celsius
Red Threshold    : 125 Degree Celsius
SW  PID                 Serial#     Status           Sys Pwr  PoE Pwr  Watts
--  ------------------  ----------  ---------------  -------  -------  -----
1A  PWR-C1-715WAC       DCB1A2B3C4  OK              Good     Good     715
1B  Not Present
""",
    "4331": """Number of Critical alarms:  0
Number of Major alarms:     0
Number of Minor alarms:     0

 Slot        Sensor          Current State   Reading        Threshold(Minor,Major,Critical,Shutdown)
 ----------  --------------  --------------- ------------   ---------------------------------------
 R0          Temp: Inlet 1   Normal           41    Celsius (na ,na ,71 ,76 )(Celsius)
 R0          V: 12v          Normal           11984 mV      na
 P0          Fan 1           Normal           3720  RPM     na
""",
}


@pytest.mark.parametrize("model", HEALTHY)
def test_surroundings_that_are_well(tmp_path: Path, model: str) -> None:
    told = examined(tmp_path, {"show environment all": HEALTHY[model]}).system
    assert (told.temperature, told.alarms) == (41, ())


@pytest.mark.parametrize(
    "line",
    [
        "FAN is FAULTY", "System Temperature State: RED", "Temperature State: YELLOW",
        "1B  PWR-C1-715WAC       DCB1A2B3C4  No Input Power  Bad      Bad      715",
        "Number of Critical alarms:  2",
        " R0          Temp: Inlet 1   Critical         79    Celsius",
        "Chassis fan tray: Failed",
    ],
)  # fmt: skip
def test_what_it_complains_of(tmp_path: Path, line: str) -> None:
    told = examined(tmp_path, {"show environment": f"{HEALTHY['2960']}{line}\n"}).system
    assert told.alarms == (" ".join(line.split()),)


@pytest.mark.parametrize(
    ("ahead", "zone", "hours", "mark", "source", "settings"),
    [
        (0, "UTC", 0, "", "Time source is NTP", ""),
        (0, "WIB", 7, "", "Time source is NTP", "clock timezone WIB 7 0\n"),
        (600, "WITA", 8, "*", "No time source", ""),
        (-90, "NPT", 5.75, ".", "Time source is NTP", "clock timezone NPT 5 45\n"),
        (0, "XYZ", 3, "", "Time source is user configuration", ""),
    ],
)
def test_clocks(
    tmp_path: Path, ahead: float, zone: str, hours: float, mark: str, source: str, settings: str
) -> None:
    text = f"{clock(ahead, zone, hours, mark)}{source}\n"
    says = {"show clock detail": text, "show running-config": settings}
    told = examined(tmp_path, says).system
    assert told.synchronized is (not mark and source.endswith("NTP"))
    if zone == "XYZ":  # who knows where that is
        assert told.clock_offset is None
    else:
        assert told.clock_offset is not None
        assert abs(told.clock_offset - ahead) < 30


# ---------------------------------------------------------------- ports

OLD = """FastEthernet0/1 is up, line protocol is up
  Hardware is Fast Ethernet, address is 000d.65ab.cd01 (bia 000d.65ab.cd01)
  Description: Loket 1
  MTU 1500 bytes, BW 100000 Kbit, DLY 1000 usec,
     reliability 250/255, txload 1/255, rxload 1/255
  Half-duplex, 100Mb/s, media type is 100BaseTX
  Output queue 0/40, 7 drops; input queue 0/75, 0 drops
  30 second input rate 2000 bits/sec, 2 packets/sec
  30 second output rate 3000 bits/sec, 3 packets/sec
     812 input errors, 800 CRC, 12 frame, 0 overrun, 0 ignored
     3 output errors, 99 collisions, 4 interface resets
     0 babbles, 17 late collision, 0 deferred
FastEthernet0/2 is down, line protocol is down (err-disabled)
  Auto-duplex, Auto-speed, media type is 100BaseTX
     0 input errors, 0 CRC, 0 frame, 0 overrun, 0 ignored
     0 output errors, 0 collisions, 1 interface resets
FastEthernet0/3 is administratively down, line protocol is down (disabled)
  Auto-duplex, Auto-speed, media type is 100BaseTX
TwoGigabitEthernet1/0/4 is up, line protocol is up (connected)
  Full-duplex, 2500Mb/s, link type is auto, media type is 100/1000/2.5G/5G/10GBaseTX
TenGigabitEthernet1/1/1 is up, line protocol is up (connected)
  Full-duplex, 10Gb/s, link type is auto, media type is SFP-10GBase-SR
Serial0/0/0 is up, line protocol is down
     0 output errors, 0 collisions, 9 interface resets
     5 carrier transitions
Vlan99 is up, line protocol is up
  Internet address is 10.99.0.2/24
"""


def test_old_and_new_ways_to_write_of_ports(tmp_path: Path) -> None:
    failed = (
        "\nPort      Name               Status       Reason               Err-disabled Vlans\n"
        "Fa0/2     Loket 2            err-disabled psecure-violation\n"
    )
    found = examined(
        tmp_path, {"show interfaces": OLD, "show interfaces status err-disabled": failed}
    )
    one = found.ports["FastEthernet0/1"]
    assert (one.up, one.duplex, one.speed_mbps, one.description) == (True, "half", 100, "Loket 1")
    assert (one.in_errors, one.out_errors, one.collisions, one.drops) == (812, 3, 17, 7)
    assert (one.in_bps, one.out_bps, one.changes) == (2000, 3000, 4)
    two = found.ports["FastEthernet0/2"]
    assert (two.up, two.enabled, two.disabled_by_fault) == (False, True, "psecure-violation")
    assert found.ports["FastEthernet0/3"].enabled is False
    assert found.ports["TwoGigabitEthernet1/0/4"].speed_mbps == 2500
    assert found.ports["TenGigabitEthernet1/1/1"].speed_mbps == 10000
    assert (found.ports["Serial0/0/0"].up, found.ports["Serial0/0/0"].changes) == (False, 5)
    assert found.ports["Vlan99"].up
    assert "ports" not in found.untold


def test_a_reason_from_the_log_where_no_table_tells_it(tmp_path: Path) -> None:
    log = (
        "Log Buffer (4096 bytes):\n"
        "*Mar  1 00:10:12: %PM-4-ERR_DISABLE: bpduguard error detected on Fa0/2, putting Fa0/2\n"
        "*Mar  1 00:10:13: %LINK-3-UPDOWN: Interface FastEthernet0/2, changed state to down\n"
    )
    found = examined(tmp_path, {"show interfaces": OLD, "show logging": log})
    assert found.ports["FastEthernet0/2"].disabled_by_fault == "bpduguard"
    assert found.ports["FastEthernet0/2"].changes == 2


def switchport(**told: str) -> str:
    return "".join(f"{key.replace('_', ' ')}: {value}\n" for key, value in told.items()) + "\n"


def test_modes_and_lists_of_vlans(tmp_path: Path) -> None:
    ports = "".join(
        switchport(
            Name=name,
            Switchport=enabled,
            Administrative_Mode=admin,
            Operational_Mode=now,
            Access_Mode_VLAN="40 (TAMU)",
            Trunking_Native_Mode_VLAN="99 (Inactive)",
            Voice_VLAN=voice,
            Trunking_VLANs_Enabled=vlans,
        )
        for name, enabled, admin, now, voice, vlans in (
            ("Gi1/0/1", "Enabled", "static access", "static access", "none", "ALL"),
            ("Gi1/0/2", "Enabled", "static access", "down", "150 (TELEPON)", "ALL"),
            ("Gi1/0/3", "Enabled", "trunk", "trunk", "none", "1-3,40,99,\n     120"),
            ("Gi2/0/4", "Enabled", "trunk", "trunk (member of bundle Po1)", "none", "NONE"),
            ("Gi2/0/5", "Enabled", "dynamic auto", "down", "none", "ALL"),
            ("Gi2/0/6", "Disabled", "trunk", "down", "none", "ALL"),
            ("Po1", "Enabled", "trunk", "trunk", "none", "ALL"),
        )
    )
    found = examined(tmp_path, {"show interfaces switchport": ports}).ports
    one, two = found["GigabitEthernet1/0/1"], found["GigabitEthernet1/0/2"]
    assert (one.mode, one.untagged, one.tagged) == ("access", 40, frozenset())
    assert (two.mode, two.untagged, two.tagged) == ("access", 40, {150})
    three = found["GigabitEthernet1/0/3"]
    assert (three.mode, three.untagged, three.tagged) == ("trunk", 99, {1, 2, 3, 40, 120})
    assert found["GigabitEthernet2/0/4"].tagged == frozenset()
    assert len(found["Port-channel1"].tagged or ()) == 4093
    assert not found.keys() & {"GigabitEthernet2/0/5", "GigabitEthernet2/0/6"}


def test_vlans_that_do_not_pass_frames_are_not_there(tmp_path: Path) -> None:
    text = (
        "VLAN Name                             Status    Ports\n"
        "---- -------------------------------- --------- -------------------------------\n"
        "1    default                          active    Gi1/0/1, Gi1/0/2\n"
        "40   TAMU PUSKESMAS                   active    Gi1/0/3\n"
        "                                                Gi1/0/9\n"
        "50   LAMA                             suspended \n"
        "60   MATI                             act/lshut \n"
        "1002 fddi-default                     act/unsup \n"
    )
    assert examined(tmp_path, {"show vlan": text}).vlans == {1: "default", 40: "TAMU PUSKESMAS"}
    assert examined(tmp_path, {"show vlan-switch": text}).vlans is not None


TREE = """
VLAN0040
  Spanning tree enabled protocol rstp
Interface           Role Sts Cost      Prio.Nbr Type
------------------- ---- --- --------- -------- --------------------------------
Gi1/0/1             Desg BKN*4         128.1    P2p *PVID_Inc
Gi1/0/2             Root FWD 20000     128.2    P2p Peer(STP)
Gi1/0/3             Altn BLK 4         128.3    P2p
Gi1/0/4             Desg BKN*4         128.4    P2p *ROOT_Inc
Gi1/0/5             Desg LRN 4         128.5    Edge P2p
Po1                 Desg FWD 3         128.616  P2p Edge

MST0
  Spanning tree enabled protocol mstp
Gi2/0/1             Altn BLK 20000     128.55   P2p Bound(RSTP)
"""


def test_spanning_tree(tmp_path: Path) -> None:
    found = examined(tmp_path, {"show spanning-tree": TREE}).ports
    told = {name: (port.tree, port.tree_reason, set(port.blocked)) for name, port in found.items()}
    assert told == {
        "GigabitEthernet1/0/1": ("broken", "PVID_Inc", {40}),
        "GigabitEthernet1/0/2": ("forwarding", "", set()),
        "GigabitEthernet1/0/3": ("blocking", "", {40}),
        "GigabitEthernet1/0/4": ("broken", "ROOT_Inc", {40}),
        "GigabitEthernet1/0/5": ("learning", "", set()),
        "Port-channel1": ("forwarding", "", set()),
        "GigabitEthernet2/0/1": ("blocking", "", set()),
    }


def test_power_of_a_stack_and_of_a_chassis(tmp_path: Path) -> None:
    stack = """Module   Available     Used     Remaining
          (Watts)     (Watts)    (Watts)
------   ---------   --------   ---------
1           370.0      354.2        15.8
2           370.0        0.0       370.0
Interface Admin  Oper       Power   Device              Class Max
                            (Watts)
--------- ------ ---------- ------- ------------------- ----- ----
Gi1/0/1   auto   on         15.4    AIR-CAP2702I-E-K9   4     30.0
Gi1/0/2   auto   power-deny 0.0     Ieee PD             3     30.0
Gi1/0/3   auto   faulty     0.0     n/a                 n/a   30.0
Gi1/0/4   off    off        0.0     n/a                 n/a   30.0
Gi2/0/1   auto   off        0.0     n/a                 n/a   30.0
"""
    found = examined(tmp_path, {"show power inline": stack})
    assert found.power == PowerBudget(740.0, 354.2)
    told = {name.removeprefix("GigabitEthernet"): p.feeding for name, p in found.ports.items()}
    assert told == {
        "1/0/1": "on", "1/0/2": "denied", "1/0/3": "fault", "1/0/4": "off", "2/0/1": "searching",
    }  # fmt: skip
    chassis = "Available:800.0(w)  Used:45.5(w)  Remaining:754.5(w)\n"
    assert examined(tmp_path, {"show power inline": chassis}).power == PowerBudget(800.0, 45.5)
