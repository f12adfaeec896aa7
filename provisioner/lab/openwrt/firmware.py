"""What is on the flash of a new access point: programs, init scripts, configuration."""

from __future__ import annotations

from collections.abc import Iterable

_BIN = "cat cp mv rm mkdir rmdir chmod ln ls touch mktemp sync sleep date uname sh ash true false echo printf kill pwd lock sed grep ps df ubus ping"  # noqa: E501
_USR_BIN = "readlink basename dirname sha256sum md5sum base64 cmp id logger uptime env nohup setsid flock killall which test [ head tail cut sort uniq wc tr tee xargs seq iwinfo nslookup timeout"  # noqa: E501
_SBIN = "uci wifi reload_config reboot start-stop-daemon pidof logread ip"
_USR_SBIN = "iw bridge lldpcli"

RC_COMMON = """#!/bin/sh
# Common part of all init scripts: $1 is the script, $2 what to do.
initscript=$1
action=${2:-help}
[ "$#" -gt 2 ] && shift 2 || shift "$#"
name=${initscript##*/}
START=
STOP=
USE_PROCD=

start() {
	return 0
}
stop() {
	return 0
}
reload() {
	restart
}
restart() {
	trap '' TERM
	stop "$@"
	start "$@"
}
boot() {
	start "$@"
}
shutdown() {
	stop
}
disable() {
	rm -f /etc/rc.d/S??"$name" /etc/rc.d/K??"$name"
}
enable() {
	local err=1
	if [ -n "$START" ]; then
		ln -sf "../init.d/$name" "/etc/rc.d/S${START}$name" && err=0
	fi
	if [ -n "$STOP" ]; then
		ln -sf "../init.d/$name" "/etc/rc.d/K${STOP}$name" && err=0
	fi
	return $err
}
enabled() {
	[ -n "$START" ] && [ -x "/etc/rc.d/S${START}$name" ]
}
help() {
	echo "Syntax: $initscript [command]"
}

. "$initscript"

case "$action" in
start | stop | reload | restart | boot | shutdown | enable | disable | enabled | help)
	"$action" "$@"
	;;
*)
	help
	exit 1
	;;
esac
"""

_SERVICE = """#!/bin/sh /etc/rc.common
START=NN

start() {
	logger -t "$name" started
}
reload() {
	logger -t "$name" reloaded
}
"""
INIT_SCRIPTS = {
    "system": """#!/bin/sh /etc/rc.common
START=10

reload() {
	uci -q get system.@system[0].hostname >/proc/sys/kernel/hostname
}
start() {
	reload
}
""",
    "dropbear": "#!/bin/sh /etc/rc.common\nSTART=19\nSTOP=50\n",
    "network": """#!/bin/sh /etc/rc.common
START=20
STOP=90

start() {
	ubus call network restart
}
stop() {
	ubus call network.wireless down
}
reload() {
	ubus call network reload
}
restart() {
	ubus call network restart
}
""",
    "dnsmasq": _SERVICE.replace("NN", "19"),
    "firewall": _SERVICE.replace("NN", "21"),
    "sqm": _SERVICE.replace("NN", "50"),
    "done": """#!/bin/sh /etc/rc.common
START=95

boot() {
	sync
	[ -f /etc/rc.local ] && sh /etc/rc.local
	return 0
}
""",
}
FILES = {
    "/etc/rc.local": "# Put your custom commands here.\n\nexit 0\n",
    "/etc/passwd": "root:x:0:0:root:/root:/bin/ash\n",
    "/etc/openwrt_release": (
        "DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='23.05.5'\nDISTRIB_TARGET='ath79/generic'\n"
    ),
    "/etc/openwrt_version": "23.05.5\n",
    "/etc/os-release": 'NAME="OpenWrt"\nVERSION="23.05.5"\nID="openwrt"\n',
    "/etc/profile": "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\n",
}


def places() -> dict[str, str]:
    """Where each program is."""
    folders: Iterable[tuple[str, str]] = (
        ("/bin", _BIN), ("/usr/bin", _USR_BIN), ("/sbin", _SBIN), ("/usr/sbin", _USR_SBIN),
    )  # fmt: skip
    return {f"{folder}/{name}": name for folder, names in folders for name in names.split()}


_DROPBEAR = """
config dropbear
	option PasswordAuth 'on'
	option RootPasswordAuth 'on'
	option Port '22'

"""


def configuration(hostname: str, address: str, netmask: str, gateway: str) -> dict[str, str]:
    """The files of /etc/config: both radios off, management untagged on the wired port."""
    network = f"""
config interface 'loopback'
	option device 'lo'
	option proto 'static'
	option ipaddr '127.0.0.1'
	option netmask '255.0.0.0'

config globals 'globals'
	option packet_steering '1'

config device
	option name 'br-lan'
	option type 'bridge'
	list ports 'eth0'

config interface 'lan'
	option device 'br-lan'
	option proto 'static'
	option ipaddr '{address}'
	option netmask '{netmask}'
	option gateway '{gateway}'

"""
    wireless = ""
    for number, (band, channel, mode) in enumerate((("2g", 6, "HT20"), ("5g", 36, "VHT80"))):
        wireless += f"""
config wifi-device 'radio{number}'
	option type 'mac80211'
	option path 'pci0000:00/0000:0{number}:00.0'
	option channel '{channel}'
	option band '{band}'
	option htmode '{mode}'
	option country 'ID'
	option cell_density '0'

config wifi-iface 'default_radio{number}'
	option device 'radio{number}'
	option network 'lan'
	option mode 'ap'
	option ssid 'OpenWrt'
	option encryption 'none'
	option disabled '1'
"""
    system = f"""
config system
	option hostname '{hostname}'
	option timezone 'WIB-7'
	option zonename 'Asia/Jakarta'
	option ttylogin '0'
	option log_size '64'

"""
    return {
        "network": network,
        "wireless": wireless + "\n",
        "system": system,
        "dropbear": _DROPBEAR,
    }
