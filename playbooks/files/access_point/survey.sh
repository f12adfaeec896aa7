# Tells what the device sees around it; what it has no tool for is left out.

facts() { # of every port, from the kernel
	for port in /sys/class/net/*; do
		up=$(cat "$port/carrier")
		tell "prov-state ${port##*/} up=$up enabled=$(cat "$port/flags") speed=$(cat "$port/speed") errors=$(cat "$port/statistics/rx_errors")"
	done
}

heard() { # word, command
	word=$1
	shift
	command -v "$1" >/dev/null || return 0
	tell "prov-$word"
	block "$("$@")"
}

main() {
	begin
	tell "prov-now $(date +%s)"
	heard board ubus call system board
	heard lldp lldpcli -f json show neighbors
	heard fdb bridge fdb show
	heard neigh ip -4 neigh show
	if [ -f /tmp/dhcp.leases ]; then heard leases cat /tmp/dhcp.leases; fi
	facts
	cp -p /etc/config/network "$scratch/config/network" || fail space "cp"
	mask network
	tell "prov-config network"
	block "$(copied export network)"
	finish 0
}

main
