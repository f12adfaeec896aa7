# Tells what the host sees around it; changes nothing.

main() {
	begin
	block release "$(cat /etc/os-release)"
	block model "$(cat /sys/class/dmi/id/product_name)"
	block kernel "$(uname -r)"
	block links "$(ip -j -s link show)"
	block learned "$(bridge -j fdb show)"
	block neighbours "$(ip -j -4 neighbour show)"
	if has lldpcli; then block lldp "$(lldpcli -f json0 show neighbors details)"; fi
	if has ovs-vsctl && [ -e /etc/openvswitch/conf.db ]; then
		for bridge in $(ovs-vsctl -t 5 list-br); do
			block "fdb $bridge" "$(ovs-appctl fdb/show "$bridge")"
			block "ofports $bridge" "$(ovs-vsctl -t 5 -f json \
				--columns=name,ofport,external_ids list Interface)"
		done
		block ovs "$(ovs-vsctl -t 5 -f json \
			--columns=name,tag,vlan_mode,external_ids list Port)"
	fi
	for file in $(sed -n 's/^dhcp-leasefile=//p' /etc/dnsmasq.conf /etc/dnsmasq.d/*) \
		/var/lib/misc/dnsmasq.leases; do
		if [ -f "$file" ]; then block leases "$(cat "$file")"; fi
	done
	for port in /sys/class/net/*; do
		tell "prov-speed ${port##*/} $(cat "$port/speed")"
	done
	finish 0
}

main
