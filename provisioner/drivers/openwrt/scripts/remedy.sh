# Does one thing that helps without changing what is set up, but for a radio that is switched off.
# Given in front: hostname, remedy (bounce, enable, power, radio), port (of a radio: '' for all).

PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH

tell() {
	printf 'prov-%s\n' "$1" >&3
}

finish() {
	tell end
	exit "$1"
}

fail() { # word, text
	tell "failed $1"
	printf 'prov-block failed\n' >&3
	printf '%s\n' "$2" | sed 's/^/ /' >&3
	finish 1
}

step() {
	said=$("$@" 2>&1) || fail rejected "${said:-$*}"
	tell "did $*"
}

behind() { # Ethernet address of whom we answer: whether the port leads to it, as far as is known
	learned=$(bridge fdb show | sed -n "s/^$1 dev \([^ ]*\) .*master.*/\1/p" | head -n 1)
	[ -z "$1" ] || [ -z "$learned" ] || [ "$learned" = "$port" ]
}

carries_us() { # whether this session comes in by the port; nobody knows: yes
	client=${SSH_CONNECTION%% *}
	[ -n "$client" ] || return 0
	way=$(ip -4 route get "$client" | head -n 1)
	device=$(printf '%s\n' "$way" | sed -n 's/.* dev \([^ ]*\).*/\1/p')
	next=$(printf '%s\n' "$way" | sed -n 's/.* via \([^ ]*\).*/\1/p')
	[ -n "$device" ] || return 0
	mac=$(sed -n "s/^${next:-$client} .* \([0-9a-f:]\{17\}\) .*/\1/p" /proc/net/arp)
	for at in "$device" "${device%.*}"; do
		if [ "$at" = "$port" ]; then return 0; fi
		for inside in "/sys/class/net/$at/brif/$port".*; do
			if [ -e "$inside" ]; then return 0; fi
		done
		if [ -e "/sys/class/net/$at/brif/$port" ] && behind "$mac"; then return 0; fi
	done
	return 1
}

a_port() {
	[ -d "/sys/class/net/$port" ] || fail absent "$port"
}

not_ours() {
	if carries_us; then fail ours "$port"; fi
}

power() {
	ubus -t 3 list poe || fail absent 'power over Ethernet'
	not_ours
	step ubus -t 5 call poe manage "{\"port\":\"$port\",\"enable\":false}"
	sleep 10
	step ubus -t 5 call poe manage "{\"port\":\"$port\",\"enable\":true}"
}

radio() {
	radios=$(uci -q show wireless | sed -n 's/^wireless\.\([A-Za-z0-9_]*\)=wifi-device$/\1/p')
	[ -n "$radios" ] || fail absent 'wireless'
	if [ -n "$port" ]; then
		printf '%s\n' "$radios" | grep -qxF "$port" || fail absent "$port"
		radios=$port
	fi
	[ -z "$(uci changes wireless)" ] || fail staged 'wireless'
	for name in $radios; do
		if [ "$(uci -q get "wireless.$name.disabled")" = 1 ]; then
			step uci set "wireless.$name.disabled=0"
			step uci commit wireless
		fi
	done
	for name in $radios; do step wifi up "$name"; done
}

main() {
	exec 3>&1 >/dev/null 2>&1 </dev/null
	read -r name </proc/sys/kernel/hostname
	tell "hostname $name"
	[ "$(printf '%s\n' "$name" | tr A-Z a-z)" = "$hostname" ] || fail hostname "$name"
	case "$remedy" in
	enable)
		a_port
		step ip link set dev "$port" up ;;
	bounce)
		a_port
		not_ours
		step ip link set dev "$port" down
		sleep 2
		step ip link set dev "$port" up ;;
	power)
		a_port
		power ;;
	radio) radio ;;
	esac
	finish 0
}

main
