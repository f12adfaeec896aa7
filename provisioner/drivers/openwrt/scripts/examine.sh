# Tells how the device is doing, as it goes, so that a session that is cut has told something. Changes
# nothing: no file is made, no lock is taken. Given in front: topics, pings, names (words). What has
# secrets in it is never told whole: only the options that are named here.

PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH

counters='carrier carrier_changes duplex flags speed statistics/rx_bytes statistics/tx_bytes
	statistics/rx_errors statistics/tx_errors statistics/tx_window_errors statistics/tx_dropped'
about='brport/port_no brport/state bridge/stp_state bridge/vlan_filtering phy80211/name uevent'

tell() {
	printf 'prov-%s\n' "$1" >&3
}

block() { # name; standard input: its lines cannot be taken for ours
	printf '\nprov-block %s\n' "$1" >&3
	sed 's/^/ /' >&3
}

has() {
	command -v "$1"
}

runs() {
	[ -n "$(pidof "$1")" ]
}

wants() { # topics
	for topic in "$@"; do
		case " $topics " in *" $topic "*) return 0 ;; esac
	done
	return 1
}

untold() { # topic, why
	tell "untold $1 $2"
}

within() { # seconds, command: where the device can see to it
	seconds=$1
	shift
	if timeout 1 true; then timeout "$seconds" "$@"; else "$@"; fi
}

first() { # line of a file, in $line
	line=
	[ -r "$1" ] && read -r line <"$1"
	return 0
}

of_ports() { # files of every port
	for file in "$@"; do printf '%s ' "/sys/class/net/*/$file"; done
}

# ---------------------------------------------------------------- the device itself

system() {
	first /proc/uptime
	tell "uptime $line"
	first /proc/loadavg
	tell "load $line"
	tell "processors $(grep -c '^processor' /proc/cpuinfo)"
	ubus -t 3 call system board | block board
	cat /proc/meminfo | block memory
	df -k | block flash
	for file in /sys/class/thermal/thermal_zone*/temp; do
		first "$file"
		[ -z "$line" ] || tell "heat $line"
	done
	if runs chronyd && has chronyc; then
		within 3 chronyc -n tracking | block chrony
	elif ! runs chronyd && ! runs ntpd; then
		tell 'follows no'
	fi
}

logged() { # the last of what the device noted of itself and of its clients
	has logread || untold log 'no logread'
	{ logread -t || logread; } | grep -E "$1" | tail -n 1000 | block log
}

# ---------------------------------------------------------------- ports

counted() {
	grep -sH . /proc/uptime $(of_ports $counters) | block counters
}

switching() {
	grep -sH . $(of_ports $about) | block about
	echo /sys/class/net/*/brif/* | tr ' ' '\n' | block bridged
	cat /proc/net/vlan/config | block interfaces
	uci -q show network | grep -E '=(interface|device|bridge-vlan|switch|switch_vlan|prov_port)$|\.(proto|device|ifname|ipaddr|netmask|type|name|ports|vlan|vid|port|description|disabled)=' | block network
	if has bridge; then bridge vlan show | block vlans; fi
	has swconfig || return 0
	for switch in $(swconfig list | sed -n 's/^Found: \([^ ]*\) .*/\1/p'); do
		swconfig dev "$switch" show | block "switch $switch"
	done
}

feeding() {
	if ubus -t 3 list poe; then
		ubus -t 3 call poe info | block poe
	else
		untold power 'no power over Ethernet here'
	fi
}

# ---------------------------------------------------------------- around it

around() {
	if wants neighbors; then
		if has lldpcli && runs lldpd; then
			within 3 lldpcli -f json show neighbors | block lldp
		else
			untold neighbors 'no lldpd'
		fi
	fi
	if wants learned addresses; then cat /proc/net/arp | block arp; fi
	wants learned || return 0
	if has bridge; then
		bridge fdb show | block fdb
	elif has brctl; then
		for port in /sys/class/net/*/bridge; do
			port=${port%/bridge}
			brctl showmacs "${port##*/}" | block "macs ${port##*/}"
		done
	else
		untold learned 'neither bridge nor brctl'
	fi
}

leasing() {
	uci -q show dhcp | grep -E '=(dhcp|dnsmasq|odhcpd)$|\.(interface|start|limit|ignore|dhcpv4|notinterface|port|maindhcp)=' | block dhcp
	file=$(uci -q get 'dhcp.@dnsmasq[0].leasefile')
	cat "${file:-/tmp/dhcp.leases}" | block leases
	for program in dnsmasq odhcpd; do
		if runs "$program"; then tell "runs $program"; fi
	done
}

ways() {
	ip -4 route show | grep '^default' | block routes
	for file in /tmp/resolv.conf.d/resolv.conf.auto /tmp/resolv.conf.auto /etc/resolv.conf; do
		if grep -q '^nameserver' "$file"; then
			sed -n 's/^nameserver[[:space:]]*//p' "$file" | block resolvers
			break
		fi
	done
}

# ---------------------------------------------------------------- the air

channels() {
	for name in $(iw dev | sed -n 's/^[[:space:]]*Interface //p'); do
		iw dev "$name" survey dump | block "survey $name"
	done
}

air() {
	uci -q -X show wireless | grep -E '=wifi-(device|iface)$|\.(disabled|device|ssid|mode|band|hwmode|channel)=' | block wireless
	ubus -t 3 call network.wireless status | grep -E '^	"[^"]*": \{$|^[[:space:]]*"(section|ifname)": ' | block radios
	for name in $(ubus -t 3 list 'hostapd.*'); do
		ubus -t 3 call "$name" get_status | grep -E '^[[:space:]]*"status": ' | block "hostapd $name"
	done
	if has iw; then
		iw dev | block air
		for name in $(iw dev | sed -n 's/^[[:space:]]*Interface //p'); do
			iw dev "$name" station dump | grep '^Station ' | block "stations $name"
		done
		channels
	elif has iwinfo; then
		iwinfo | block iwinfo
	fi
}

# ---------------------------------------------------------------- tried from there

servers() { # whom the clients of this device are told to ask, else whom it asks itself
	own=$(uci -q show dhcp | sed -n 's/.*\.dhcp_option=//p' | tr -d "'" | tr ' ' '\n' |
		sed -n 's/^6,//p' | tr ',' '\n' | sort -u)
	if [ -z "$own" ] && runs dnsmasq; then own=127.0.0.1; fi
	printf '%s\n' "${own:-$(sed -n 's/^nameserver[[:space:]]*//p' /etc/resolv.conf)}"
}

pinged() { # address
	said=$(ping -c 3 -W 1 "$1" 2>&1 | tail -n 2 | tr '\n' ' ')
	printf '\nprov-block ping %s\n %s\n' "$1" "$said" >&3
}

resolved() { # name: each server is asked until one knows
	all=
	for server in $asks; do
		said=$(within 3 nslookup "$1" "$server" 2>&1 | head -n 40)
		all="$all
prov-server $server
$said"
		case "$said" in *'Name:'*) break ;; esac
	done
	said=$(printf '%s\n' "$all" | sed 's/^/ /')
	printf '\nprov-block name %s\n%s\n' "$1" "$said" >&3
}

tried() {
	if [ -n "$pings" ] && ! has ping; then
		untold pings 'no ping'
	else
		for address in $pings; do pinged "$address" & done
	fi
	[ -n "$names" ] || return 0
	asks=$(servers)
	if ! has nslookup; then
		untold names 'no nslookup'
	elif [ -z "$asks" ]; then
		untold names 'no resolver is set'
	else
		for name in $names; do resolved "$name" & done
	fi
}

main() {
	exec 3>&1 >/dev/null 2>&1 </dev/null
	tell "clock $(date +%s)"
	first /proc/sys/kernel/hostname
	tell "hostname ${line%%.*}"
	if wants ports vlans spanning_tree; then counted; fi
	if wants system; then system; fi
	ways
	if wants ports vlans spanning_tree learned addresses wireless; then switching; fi
	if wants power; then feeding; fi
	around
	if wants addresses; then leasing; fi
	if wants wireless; then air; fi
	wanted='Out of memory: Kill'
	if wants addresses; then wanted="$wanted|DHCPNAK.*wrong server-ID"; fi
	if wants wireless; then wanted="$wanted|AP-STA-POSSIBLE-PSK-MISMATCH|AP-REJECTED-(MAX|BLOCKED)-STA"; fi
	if wants system addresses wireless; then logged "$wanted"; fi
	tried
	if wants system; then
		first /proc/stat
		tell "stat $line"
	fi
	if wants system ports wireless; then sleep 1; fi
	if wants system; then
		first /proc/stat
		tell "stat $line"
	fi
	if wants ports; then counted; fi
	if wants wireless && has iw; then channels; fi
	wait
	tell "clock $(date +%s)"
	tell end
}

main
