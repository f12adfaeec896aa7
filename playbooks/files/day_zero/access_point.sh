# What the two phases of day_zero_access_point.yml have in common: the configuration as it is to be,
# made as a copy in memory. Given in front of it: hostname, key, address, netmask, gateway, vlan,
# uplink, dns, ntp, syslog, zone, posix (the same as POSIX writes it).

umask 077
trap '' HUP PIPE
scratch=/tmp/provisioner.$$
keys=/etc/dropbear/authorized_keys
answer=

tell() {
	answer="$answer$1
"
}

finish() { # status
	rm -rf "$scratch"
	printf '%sprov-end\n' "$answer" >&3
	exit "$1"
}

block() { # lines of text that cannot be taken for ours
	tell "$(printf '%s\n' "$1" | sed 's/^/ /')"
}

fail() { # word, text
	tell "prov-failed $1"
	block "$2"
	finish 1
}

begin() {
	exec 3>&1 >/dev/null 2>&1 </dev/null
	rm -rf "$scratch"
	mkdir -p "$scratch/config" "$scratch/delta" /var/lock || fail space "no room in /tmp"
	exec 9>/var/lock/provisioner
	flock 9 || fail lock "the lock cannot be taken"
	now=$(cat /proc/sys/kernel/hostname)
	tell "prov-hostname $now"
	case "$(echo "$now" | tr A-Z a-z)" in
	openwrt | lede | "$hostname") ;;
	*) fail name "$now" ;;
	esac
}

original() { # uci on what is there
	uci -c /etc/config -t "$scratch/none" "$@"
}

copied() { # uci on the copy
	uci -c "$scratch/config" -t "$scratch/delta" "$@"
}

files() { # of ours, those that are there
	for name in system network dropbear lldpd; do
		if [ -f "/etc/config/$name" ]; then echo "$name"; fi
	done
}

set_one() { # option, value: only where it differs, so that nothing moves
	if [ -n "$2" ] && [ "$(copied -q get "$1")" != "$2" ]; then echo "set $1='$2'"; fi
}

set_list() { # option, values
	if [ -n "$2" ] && [ "$(copied -q get "$1")" != "$2" ]; then
		echo "set $1=''"
		for item in $2; do echo "add_list $1='$item'"; done
	fi
}

section() { # package.section, kind
	[ -n "$(copied -q get "$1")" ] || echo "set $1='$2'"
}

bridge() { # the section of the bridge that the LAN is on
	lan=$(copied -q get network.lan.device)
	for name in $(copied -X show network | sed -n 's/^network\.\([^.=]*\)=device$/\1/p'); do
		if [ "$(copied -q get "network.$name.name")" = "$lan" ]; then echo "$name"; fi
	done
}

wanted() {
	set_one "system.@system[0].hostname" "$hostname"
	set_one "system.@system[0].timezone" "$posix"
	set_one "system.@system[0].zonename" "$zone"
	set_one "system.@system[0].log_ip" "$syslog"
	if [ -n "$ntp" ]; then
		section system.ntp timeserver
		set_one system.ntp.enabled 1
		set_list system.ntp.server "$ntp"
	fi
	set_one "dropbear.@dropbear[0].PasswordAuth" off
	set_one "dropbear.@dropbear[0].RootPasswordAuth" off
	set_list network.lan.dns "$dns"
	set_one network.lan.gateway "$gateway"
	if [ -n "$address" ]; then
		set_one network.lan.proto static
		set_one network.lan.ipaddr "$address"
		set_one network.lan.netmask "$netmask"
	fi
	if [ -n "$vlan" ] && [ -n "$uplink" ]; then
		place=$(bridge)
		[ -z "$place" ] || set_list "network.$place.ports" "$uplink.$vlan"
	fi
	if [ -f /etc/config/lldpd ]; then
		section lldpd.config lldpd
		set_one lldpd.config.enable_lldp 1
	fi
}

build() {
	for name in $(files); do
		cp -p "/etc/config/$name" "$scratch/config/$name" || fail space "cp"
	done
	wanted >"$scratch/batch" || fail space "batch"
	copied batch <"$scratch/batch" >"$scratch/said" 2>&1
	[ "$?" = 0 ] && ! [ -s "$scratch/said" ] || fail rejected "$(cat "$scratch/said")"
	copied commit >"$scratch/said" 2>&1
	[ "$?" = 0 ] && ! [ -s "$scratch/said" ] || fail rejected "$(cat "$scratch/said")"
}

keyed() { # whether the office's key opens it
	grep -qxF "$key" "$keys"
}

insecure() { # services that may not be left on
	for name in telnet uhttpd; do
		if [ -x "/etc/init.d/$name" ] && "/etc/init.d/$name" enabled; then echo "$name"; fi
	done
}

changed() { # what would change, by name
	for name in $(files); do
		[ "$(original export "$name")" = "$(copied export "$name")" ] || echo "$name"
	done
	keyed || echo authorized_keys
	insecure
}

state() { # uci on one of the two: what a person is shown
	for name in $(files); do "$1" export "$name"; done
}
