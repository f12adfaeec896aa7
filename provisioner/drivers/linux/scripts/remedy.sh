# Does one thing that helps without changing what is set up. Given in front: hostname, remedy
# (bounce, enable, radio), port (of a radio: '' for all).

our_session() { # addresses of the client and of this host, as sshd tells its children
	pid=$$
	while [ "${pid:-1}" -gt 1 ]; do
		found=$(tr '\0' '\n' <"/proc/$pid/environ" | sed -n 's/^SSH_CONNECTION=//p' | head -n 1)
		if [ -n "$found" ]; then
			printf '%s\n' "$found" | cut -d ' ' -f 1,3
			return
		fi
		pid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status")
	done
}

beneath() { # interface: it, and all that it stands on
	printf '%s\n' "$1"
	for lower in /sys/class/net/"$1"/lower_*; do
		[ -e "$lower" ] && (beneath "${lower##*/lower_}")
	done
	bridge=$(ovs-vsctl -t 5 iface-to-br "$1") || return 0
	ovs-vsctl -t 5 list-ports "$bridge"
}

behind() { # Ethernet address, port: whether that port alone leads to it
	for bridge in $(ovs-vsctl -t 5 list-br); do
		number=$(ovs-appctl -T 5 fdb/show "$bridge" | awk -v mac="$1" '$3 == mac { print $1; exit }')
		if [ -n "$number" ]; then
			[ "$number" = "$(ovs-vsctl -t 5 get Interface "$2" ofport)" ]
			return
		fi
	done
	found=$(bridge fdb show | awk -v mac="$1" '$1 == mac && /master/ { print $3; exit }')
	[ -z "$found" ] || [ "$found" = "$2" ]
}

carries_us() { # port
	set -- "$1" $(our_session)
	[ -n "$3" ] || return 0 # nobody knows how we came
	way=$(ip route get "$2" from "$3" | head -n 1)
	next=$(printf '%s\n' "$way" | sed -n 's/.* via \([^ ]*\).*/\1/p')
	device=$(printf '%s\n' "$way" | sed -n 's/.* dev \([^ ]*\).*/\1/p')
	[ "$device" != "$1" ] || return 0
	beneath "$device" | grep -qxF "$1" || return 1
	mac=$(ip neighbour show "${next:-$2}" dev "$device" | sed -n 's/.* lladdr \([^ ]*\).*/\1/p')
	[ -z "$mac" ] || behind "$mac" "$1"
}

a_port() {
	[ -d "/sys/class/net/$port" ] || fail absent "$port"
}

step() {
	said=$("$@" 2>&1) || fail rejected "${said:-$*}"
	tell "prov-did $*"
}

radio() {
	has hostapd || fail absent hostapd
	if [ -n "$port" ]; then a_port; fi
	for file in /sys/class/net/${port:-*}/phy80211; do
		for switch in "$file"/rfkill*/soft; do
			if [ -e "$switch" ]; then echo 0 >"$switch"; fi
		done
	done
	step restart_radios
}

main() {
	begin
	same_host
	case "$remedy" in
	enable)
		a_port
		step ip link set dev "$port" up ;;
	bounce)
		a_port
		if carries_us "$port"; then fail ours "$port"; fi
		step ip link set dev "$port" down
		sleep 2
		step ip link set dev "$port" up ;;
	radio) radio ;;
	esac
	finish 0
}

main
