# Tells what the host is and has; changes nothing. What may differ from one look to the next comes
# in blocks of its own, the configuration in blocks named after their files.

shown() { # paths
	for file in "$@"; do
		if [ -f "$file" ] && ! [ -L "$file" ]; then block "$file" "$(cat "$file")"; fi
	done
}

timer() {
	if [ -d "$undo" ]; then tell "prov-pending $(pending)"; fi
	if ! [ -w /etc ]; then tell "prov-no-timer disk"; fi
	if [ -z "$(boots_by)" ]; then tell "prov-no-timer boot"; fi
	if ! has setsid || ! has flock; then tell "prov-no-timer programs"; fi
}

switches() {
	if has ovs-vsctl && [ -e /etc/openvswitch/conf.db ]; then
		said=$(ovs-vsctl -t 5 -f json 2>"$scratch/said" \
			-- --columns=_uuid,name,tag,trunks,vlan_mode,external_ids list Port \
			-- --columns=name,type list Interface -- --columns=name,ports list Bridge) ||
			fail switch "$(tail -n 1 "$scratch/said")"
		block ovs "$said"
	fi
	block vlans "$(bridge -j vlan show)"
	block links "$(ip -j -d link show)"
	block addresses "$(ip -j -4 address show)"
	tell "prov-forwards $(cat /proc/sys/net/ipv4/ip_forward)"
	for program in nft dnsmasq hostapd; do if has $program; then tell "prov-has $program"; fi; done
	if has dnsmasq && { [ -d /run/systemd/system ] || [ -x /etc/init.d/dnsmasq ]; }; then
		tell "prov-has dnsmasq.service"
	fi
}

standing() {
	for file in "$home"/up.d/* /etc/nftables.d/PROV-* /etc/dnsmasq.d/PROV-*; do
		if [ -e "$file" ] && ! in_force "$file"; then tell "prov-idle $file"; fi
	done
}

main() {
	begin
	timer
	switches
	standing
	shown "$home"/vlans/* "$home"/up.d/* /etc/nftables.conf /etc/nftables.d/* /etc/dnsmasq.conf \
		/etc/dnsmasq.d/* /etc/hostapd/*.conf /etc/hostapd/*.bss /etc/network/interfaces \
		/etc/network/interfaces.d/* /etc/netplan/* /etc/systemd/network/* /etc/sysctl.conf \
		/etc/sysctl.d/*.conf
	if has iw; then block air "$(iw dev)"; fi
	finish 0
}

main
