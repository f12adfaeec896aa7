"""A campus that really switches, in namespaces: router, switch, clients, office, the Internet.

::

    c1, c2, c3 -- swp1..3 [sw-data-1] up ---- lan [rt-data-1] wan ---- internet 203.0.113.1
                                                      office ---- office 10.10.10.1 (DNS)

With ``middle``, ``up ---- panel ---- down [sw-data-2] up`` lies in the cable to the router; the
panel passes everything on but spanning tree, and without it both ends have no link.

Router and switch are driven by the product over real SSH at free ports of 127.0.0.1.
``campus(folder)`` makes it in a few seconds and leaves nothing behind; ``Campus.hosts`` is its
inventory.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from provisioner.drivers.network import Host
from tests.dataplane.nodes import Node, Relay, cable, node
from tests.dataplane.seat import OWN_SSHD, SSHD

SWITCH, MIDDLE, ROUTER = "sw-data-1", "sw-data-2", "rt-data-1"
PANEL = "panel"
CLIENTS = ("c1", "c2", "c3")
DNS, OUTSIDE = "10.10.10.1", "203.0.113.1"
OFFICE_NAME = "layanan.purbalingga.test"
TECHNICIAN, TECHNICIANS_PASSWORD = "teknisi", "kata-sandi 'teknisi'"

_MANAGED = (
    """
rm -f /etc/openvswitch/conf.db /etc/resolv.conf
ovsdb-tool create /etc/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server /etc/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock \
  --pidfile=/run/openvswitch/ovsdb-server.pid --detach --no-chdir
ovs-vsctl --no-wait init
ovs-vswitchd unix:/run/openvswitch/db.sock --pidfile=/run/openvswitch/ovs-vswitchd.pid --detach
ovs-vsctl add-br br0 -- set bridge br0 datapath_type=netdev
echo 0.00 0.00 0.00 1/99 1 > /run/loadavg  # that of the host is not its own
mount --bind /run/loadavg /proc/loadavg
mkdir -p /etc/cron.d /usr/local/sbin /etc/dnsmasq.d /etc/sudoers.d
printf '#!/bin/sh\\n' > /usr/local/sbin/cron
cat > /etc/init.d/dnsmasq <<'END'
#!/bin/sh
pid=$(cat /run/dnsmasq.pid 2>/dev/null) && kill "$pid" && while kill -0 "$pid"; do sleep 0.02; done
[ "$1" = stop ] || exec dnsmasq --no-ping -x /run/dnsmasq.pid -C /dev/null \
  --conf-dir=/etc/dnsmasq.d --dhcp-leasefile=/var/lib/misc/dnsmasq.leases
END
chmod 755 /etc/init.d/dnsmasq /usr/local/sbin/cron
sed -i 's|^root:.*|root:*:0:0:root:/run:/bin/sh|' /etc/passwd
useradd --shell /bin/sh {technician}
chpasswd <<'END'
{technician}:{password}
END
echo '{technician} ALL=(ALL) ALL' > /etc/sudoers.d/{technician}
chmod 440 /etc/sudoers.d/{technician}
printf 'auth required pam_unix.so nodelay\\naccount required pam_permit.so\\n' > /etc/pam.d/sudo
printf 'session required pam_permit.so\\n' >> /etc/pam.d/sudo
"""
    + OWN_SSHD
)
_SWITCH_PORTS = {**{f"swp{n}": "tag=1" for n in range(1, 5)}, "up": "trunks=99"}
_PORTS = {
    SWITCH: _SWITCH_PORTS,
    MIDDLE: {"down": "trunks=99", "up": "trunks=99"},
    ROUTER: {"lan": "trunks=99"},
}


@dataclass
class Campus:
    """What stands, and how it is reached."""

    folder: Path
    nodes: Mapping[str, Node]
    hosts: dict[str, Host]
    known_hosts: Path
    identity: str
    """The office's private key."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Lines of known_hosts by name."""

    def __getitem__(self, name: str) -> Node:
        return self.nodes[name]

    @property
    def switch(self) -> Node:
        return self.nodes[SWITCH]

    @property
    def router(self) -> Node:
        return self.nodes[ROUTER]

    @property
    def managed(self) -> tuple[str, ...]:
        """The devices that the product drives, the users' end first."""
        return tuple(name for name in _PORTS if name in self.nodes)

    def reset(self) -> None:
        """Everything as at the beginning."""
        for name in self.managed:
            self[name].run(_CLEAN + _ports(_PORTS[name]))
            relay = self[name].relay
            assert relay is not None
            relay.cut_after, relay.cut_answers = None, False
            self[name].run(f"hostname {name}")
        for client in CLIENTS:
            self[client].run("ip -4 address flush dev eth0; rm -f /run/lease")
        self.known_hosts.write_text("".join(self.keys.values()))

    def reboot(self, name: str) -> None:
        """What lives in memory goes, what is written stays; then cron does what it does at boot."""
        machine = self[name]
        machine.run(_FORGET)
        machine.run(
            "for file in /etc/cron.d/*; do sed -n 's/^@reboot root //p' $file; done | sh -e",
        )

    def lease(self, client: str) -> str:
        """The address that a client is given now, '' where it gets none; it uses it."""
        machine = self[client]
        machine.run("ip -4 address flush dev eth0; rm -f /run/lease")
        machine.run("udhcpc -i eth0 -n -q -f -t 3 -T 1 -s /usr/local/sbin/leased", check=False)
        lease = machine.path("/run/lease")
        return lease.read_text().split()[0] if lease.exists() else ""

    def reaches(self, client: str, address: str) -> bool:
        return self[client].does(f"ping -c 1 -W 1 {address}")


def _ports(ports: Mapping[str, str]) -> str:
    words = (
        f"-- --may-exist add-port br0 {port} "
        f"-- clear Port {port} tag trunks vlan_mode external_ids -- set Port {port} {values}"
        for port, values in ports.items()
    )
    return f"ovs-vsctl {' '.join(words)}\n"


_CLEAN = """
if [ -d /etc/provisioner/undo ]; then rm -f /etc/provisioner/undo/timer; fi
for file in /etc/provisioner/up.d/*; do [ -e "$file" ] && sh "$file" down; done
rm -rf /etc/provisioner /etc/nftables.d /etc/dnsmasq.d/* /etc/cron.d/provisioner /run/provisioner
rm -f /var/lib/misc/dnsmasq.leases
for port in $(ovs-vsctl --columns=name --bare find Port 'external_ids:provisioner!=""'); do
  ovs-vsctl del-port "$port"
done
nft flush ruleset
/etc/init.d/dnsmasq stop || true
"""
_FORGET = """
/etc/init.d/dnsmasq stop || true
nft flush ruleset
rm -rf /run/provisioner
ovs-appctl -t ovs-vswitchd exit; ovs-appctl -t ovsdb-server exit
while [ -e /run/openvswitch/ovs-vswitchd.pid ]; do sleep 0.02; done
for port in $(ip -o link show type tun | sed 's/^[0-9]*: \\([^:@]*\\).*/\\1/'); do
  ip link del "$port" || true
done
ovsdb-server /etc/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock \
  --pidfile=/run/openvswitch/ovsdb-server.pid --detach --no-chdir
ovs-vswitchd unix:/run/openvswitch/db.sock --pidfile=/run/openvswitch/ovs-vswitchd.pid --detach
ovs-vsctl -t 10 set Bridge br0 datapath_type=netdev
"""
_PASS = """
ip link add dev br0 type bridge && ip link set dev br0 up
for port in left right; do ip link set dev $port master br0; done
"""
_LEASED = """#!/bin/sh
case $1 in bound | renew)
  ip address add $ip/$mask dev $interface
  ip route replace default via $router
  echo "$ip $router $dns" > /run/lease ;;
esac
"""
_CLIENT = f"""
mkdir -p /usr/local/sbin
cat > /usr/local/sbin/leased <<'END'
{_LEASED}END
chmod 755 /usr/local/sbin/leased
"""


@contextlib.contextmanager
def campus(folder: Path, *, middle: bool = False) -> Iterator[Campus]:
    """The whole of it, running."""
    managed = [name for name in _PORTS if middle or name != MIDDLE]
    identity = asyncssh.generate_private_key("ssh-ed25519")
    with contextlib.ExitStack() as stack:
        keys = {name: asyncssh.generate_private_key("ssh-ed25519") for name in managed}
        nodes: dict[str, Node] = {}
        for name, key in keys.items():
            start = _MANAGED.format(
                technician=TECHNICIAN,
                limits="MaxStartups 3:100:3\n",
                password=TECHNICIANS_PASSWORD,
                public=identity.export_public_key().decode().strip(),
                host_key=key.export_private_key("openssh").decode().strip(),
            )
            nodes[name] = stack.enter_context(node(folder, name, start, SSHD))
        for name in (*CLIENTS, "internet", "office", *([PANEL] if middle else ())):
            nodes[name] = stack.enter_context(node(folder, name, _CLIENT))
        _wire(nodes)
        hosts, lines = {}, {}
        for name, key in keys.items():
            nodes[name].relay = relay = Relay(nodes[name].pid)
            stack.callback(relay.close)
            hosts[name] = _host(name, relay.port)
            public = key.export_public_key("openssh").decode().strip()
            lines[name] = f"[127.0.0.1]:{relay.port} {public}\n"
        known = folder / "known_hosts"
        private = identity.export_private_key("openssh").decode()
        made = Campus(folder, nodes, hosts, known, private, lines)
        made.reset()
        yield made


def _host(name: str, port: int) -> Host:
    groups = frozenset({"routers" if name == ROUTER else "switches"})
    return Host(name, "linux", groups, "127.0.0.1", port, "root", site="data")


def _wire(nodes: Mapping[str, Node]) -> None:
    for number, client in enumerate(CLIENTS, 1):
        cable(nodes[client], "eth0", nodes[SWITCH], f"swp{number}")
    if MIDDLE in nodes:
        cable(nodes[SWITCH], "up", nodes[PANEL], "left")
        cable(nodes[PANEL], "right", nodes[MIDDLE], "down")
        nodes[PANEL].run(_PASS)
        cable(nodes[MIDDLE], "up", nodes[ROUTER], "lan")
        cable(nodes[MIDDLE], "up2", nodes[ROUTER], "lan2")  # a second one, not in use
    else:
        cable(nodes[SWITCH], "up", nodes[ROUTER], "lan")
    cable(nodes[SWITCH], "swp4", nodes["office"], "spare")
    cable(nodes["internet"], "eth0", nodes[ROUTER], "wan")
    cable(nodes["office"], "eth0", nodes[ROUTER], "office")
    nodes["internet"].run(f"ip address add {OUTSIDE}/24 dev eth0")
    nodes[ROUTER].run(
        "ip address add 203.0.113.2/24 dev wan && ip address add 10.10.10.254/24 dev office && "
        f"ip route add default via {OUTSIDE} && sysctl -qw net.ipv4.ip_forward=1"
    )
    nodes["office"].run(
        f"ip address add {DNS}/24 dev eth0 && ip route add default via 10.10.10.254 && "
        f"dnsmasq -C /dev/null -R -h --address=/{OFFICE_NAME}/{OUTSIDE} -x /run/dns.pid"
    )


def transfer(source: Node, target: Node, address: str, port: int, seconds: float) -> float:
    """Megabits per second that ``target`` gets from ``source`` over one TCP connection.

    What a limit lets through at first, all at once, does not count.
    """
    send = (
        "import socket, sys\n"
        f"server = socket.create_server(('', {port}))\nprint(flush=True)\n"
        "sock, _ = server.accept()\n"
        "try:\n    while True: sock.sendall(bytes(65536))\n"
        "except OSError: pass\n"
    )
    receive = (
        "import socket, time\n"
        f"sock = socket.create_connection(({address!r}, {port}), 5)\n"
        "sock.settimeout(5)\nbegin = time.monotonic()\n"
        "while time.monotonic() - begin < 1.3: sock.recv(65536)\n"
        "got, begin = 0, time.monotonic()\n"
        f"while time.monotonic() - begin < {seconds}: got += len(sock.recv(65536))\n"
        "print(got * 8 / (time.monotonic() - begin) / 1e6)\n"
    )
    with source.serving("python3", "-c", send) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = subprocess.run(
            [*target.enter, "python3", "-c", receive], capture_output=True, text=True
        )
    assert found.returncode == 0, found.stderr
    return float(found.stdout)
