# Tells what the access point has and what is on the air; given besides: keys (section, passphrase).

# hostapd's own word; what netifd tells of the radios would have the keys in it. Releases before
# 22.03 have no get_status; there iwinfo says what the interfaces announce.
on_air() {
	for name in $(ubus list 'hostapd.*'); do
		said=$(ubus call "$name" get_status) || continue
		tell "prov-hostapd $name"
		block "$said"
	done
	tell "prov-iwinfo all"
	block "$(iwinfo | sed -n 's/^[^ ].*ESSID: "\(.*\)"$/\1/p')"
}

same_keys() { # beginning of sections, passphrase: compared here, so that none is ever sent back
	for name in $(original show wireless | sed -n "s/^wireless\.\($1_[A-Za-z0-9_]*\)=wifi-iface$/\1/p"); do
		if [ "$(original -q get "wireless.$name.key")" = "$2" ]; then tell "prov-keyed $name"; fi
	done
}

main() {
	begin
	if [ -d "$undo" ]; then tell "prov-pending $(pending)"; fi
	if ! [ -w /etc ]; then tell "prov-no-timer flash"; fi
	if ! command -v start-stop-daemon >/dev/null; then tell "prov-no-timer daemon"; fi
	keyed
	cp -p /etc/config/* "$scratch/config/" || fail space "cp"
	for file in "$scratch/config"/*; do
		name=${file##*/}
		mask "$name"
		tell "prov-config $name"
		block "$(copied export "$name")"
	done
	for port in /sys/class/net/*; do tell "prov-port ${port##*/}"; done
	on_air
	finish 0
}

main
