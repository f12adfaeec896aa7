# What the phases of access_point.yml have in common; goes before each of them into one shell that
# reads everything from its standard input. Nothing runs before the last line has come, so that a
# session that dies while it is sent does nothing, and nothing that runs cares when it dies later.
# Given in front of it: hostname, token, minutes, lines, required, restore, bootscript.

umask 077
trap '' HUP PIPE
undo=/etc/provisioner-undo
hook=/etc/init.d/provisioner-undo
link=/etc/rc.d/S11provisioner-undo
pidfile=/var/run/provisioner-undo.pid
scratch=/tmp/provisioner.$$
packages="network wireless dhcp firewall sqm" # those of them that the device has
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

# From here on only this script changes the configuration; its output waits in $answer.
begin() {
	exec 3>&1 >/dev/null 2>&1 </dev/null
	rm -rf "$scratch"
	mkdir -p "$scratch/config" "$scratch/delta" /var/lock /var/run || fail space "no room in /tmp"
	exec 9>/var/lock/provisioner
	flock 9 || fail lock "the lock cannot be taken"
	tell "prov-hostname $(cat /proc/sys/kernel/hostname)"
}

same_host() {
	[ "$(cat /proc/sys/kernel/hostname | tr A-Z a-z)" = "$hostname" ] ||
		fail hostname "$(cat /proc/sys/kernel/hostname)"
}

pending() { # the token of a change that is not confirmed yet, or nothing
	if [ -d "$undo" ]; then cat "$undo/token"; fi
}

not_a_strangers() {
	case "$(pending)" in
	"" | "$token") ;;
	*) fail stranger "$(pending)" ;;
	esac
}

copied() { # uci on the copy
	uci -c "$scratch/config" -t "$scratch/delta" "$@"
}

ours() { # files that we may change, of those that are there
	for name in $packages; do
		if [ -f "/etc/config/$name" ]; then echo "$name"; fi
	done
}

bridge_vlan() { # bridge, VLAN: the section, which may have no name of its own
	for section in $(copied -X show network | sed -n "s/^network\.\([^.=]*\)=bridge-vlan$/\1/p"); do
		if [ "$(copied -q get "network.$section.device")" = "$1" ] &&
			[ "$(copied -q get "network.$section.vlan")" = "$2" ]; then
			echo "$section"
			return
		fi
	done
	echo nowhere
}

# What is to be deleted may be gone already; everything else has to be accepted.
wanted() {
	printf '%s\n' "$lines" | while IFS= read -r line; do
		case "$line" in
		"delete "*) copied -q get "${line#delete }" >/dev/null || continue ;;
		"member "*) # bridge VLAN verb item
			rest=${line#member }
			bridge=${rest%% *} rest=${rest#* }
			vlan=${rest%% *} rest=${rest#* }
			line="${rest%% *} network.$(bridge_vlan "$bridge" "$vlan").ports='${rest#* }'"
			;;
		esac
		printf '%s\n' "$line"
	done
}

# Makes the configuration as it would be, as a copy; uci itself says what it does not accept.
build() {
	for name in $(ours); do
		cp -p "/etc/config/$name" "$scratch/config/$name" || fail space "cp"
	done
	wanted >"$scratch/batch" || fail space "batch"
	copied batch <"$scratch/batch" >"$scratch/said" 2>&1
	[ "$?" = 0 ] && ! [ -s "$scratch/said" ] || fail rejected "$(cat "$scratch/said")"
	copied commit >"$scratch/said" 2>&1
	[ "$?" = 0 ] && ! [ -s "$scratch/said" ] || fail rejected "$(cat "$scratch/said")"
}

original() { # uci on what is there, without what somebody has not committed yet
	uci -c /etc/config -t "$scratch/none" "$@"
}

differs() { # and which do, in $changed
	changed=
	for name in $(ours); do
		[ "$(original export "$name")" = "$(copied export "$name")" ] || changed="$changed $name"
	done
	[ -n "$changed" ]
}

# Only whole files take the place of whole files, and only those that differ.
replace() {
	for name in $changed; do
		cp -p "$scratch/config/$name" "/etc/config/.$name.provisioner" || return 1
		mv "/etc/config/.$name.provisioner" "/etc/config/$name" || return 1
	done
	sync
}

reload() { # what reads the files that have changed; an interface before what is bound to it
	/etc/init.d/network reload 9>&-
	wifi reload 9>&-
	for name in $changed; do
		case $name in
		dhcp) /etc/init.d/dnsmasq reload 9>&- ;;
		firewall | sqm) "/etc/init.d/$name" reload 9>&- ;;
		esac
	done
}

stop_timer() {
	start-stop-daemon -K -q -p "$pidfile" || true
	rm -f "$pidfile"
}

forget() {
	stop_timer
	rm -rf "$undo.done" "$undo.new"
	sync # the boot hook goes last, so that a boot removes what a power cut left
	rm -f "$link" "$hook"
	sync
}

# A secret never leaves the device: uci itself puts the mask in its place, on the copy.
mask() { # package
	copied show "$1" | while IFS= read -r line; do
		name=${line%%=*}
		case "${name##*.}" in
		*key | *key[0-9] | *password | *passwd | *secret | *secret[0-9] | *psk | *token | pincode)
			printf "set %s='***'\n" "$name"
			;;
		esac
	done >"$scratch/mask"
	copied batch <"$scratch/mask"
	copied commit "$1"
}
