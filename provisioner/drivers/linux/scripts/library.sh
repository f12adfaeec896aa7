# What the phases have in common, and what a host keeps of it to take a change back or to boot with.
# A phase comes in one piece over standard input and runs when its last line is there, so that a
# session that dies while it is sent does nothing, and nothing that runs cares when it dies later.

umask 022
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
home=/etc/provisioner
undo=$home/undo
run=/run/provisioner
unit=/etc/systemd/system/provisioner.service
wanted=/etc/systemd/system/multi-user.target.wants/provisioner.service
cron=/etc/cron.d/provisioner
answer=

tell() {
	answer="$answer$1
"
}

block() { # name, text: its lines cannot be taken for ours
	tell "prov-block $1"
	[ -z "$2" ] || tell "$(printf '%s\n' "$2" | sed 's/^/ /')"
}

finish() { # status
	rm -rf "$scratch"
	printf '%sprov-end\n' "$answer" >&3
	exit "$1"
}

fail() { # word, text
	tell "prov-failed $1"
	block failed "$2"
	finish 1
}

settle() { # what was written survives a power cut
	sync -f /etc || sync
}

has() {
	command -v "$1"
}

locked() { # from here on only one of us changes the host
	mkdir -p "$run" && exec 9>"$run/lock" && flock "$@" 9
}

name_of_host() {
	name=$(cat /proc/sys/kernel/hostname)
	printf '%s\n' "${name%%.*}"
}

begin() {
	exec 3>&1 >/dev/null 2>&1 </dev/null
	trap '' HUP PIPE
	scratch=$(mktemp -d) || fail space "no room in /tmp"
	locked -w 30 || fail busy "the lock is taken"
	tell "prov-hostname $(name_of_host)"
}

same_host() {
	[ "$(name_of_host | tr A-Z a-z)" = "$hostname" ] || fail hostname "$(name_of_host)"
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

# ---------------------------------------------------------------- what runs, from what is written

table_of() {
	sed -n 's/^delete table //p' "$1"
}

listed() { # words of a table, as they are in force
	nft -s list table $(table_of "$1")
}

bring_up() { # file
	case "$1" in
	*.nft) nft -f "$1" && mkdir -p "$run" && listed "$1" >"$run/${1##*/}" ;;
	"$home"/up.d/*) sh "$1" up 9>&- 3>&- ;;
	esac
}

take_down() { # file
	[ -e "$1" ] || return 0
	case "$1" in
	*.nft) nft delete table $(table_of "$1") ;;
	"$home"/up.d/*) sh "$1" down 9>&- 3>&- ;;
	esac
	return 0
}

in_force() { # file
	case "$1" in
	*.nft) [ "$(listed "$1")" = "$(cat "$run/${1##*/}")" ] ;;
	"$home"/up.d/*) sh "$1" check 9>&- 3>&- ;;
	/etc/dnsmasq.d/*) [ -n "$(pidof dnsmasq)" ] ;;
	*) : ;;
	esac
}

restart() { # service
	service_does restart "$1"
}

service_does() { # verb, service
	if [ -d /run/systemd/system ]; then
		systemctl "$1" "$2" 9>&- 3>&-
	else
		"/etc/init.d/$2" "$1" 9>&- 3>&-
	fi
}

leases() { # what did not run before us does not run after us: it would listen everywhere
	if [ -e "$home/started" ] && ! ls /etc/dnsmasq.d/PROV-*; then
		service_does stop dnsmasq && rm -f "$home/started"
	else
		restart dnsmasq
	fi
}

services() { # for the paths in the file $1
	if grep -q '^/etc/dnsmasq.d/' "$1"; then leases || return 1; fi
	if grep -q '^/etc/hostapd/' "$1"; then assemble && restart_radios || return 1; fi
}

radios() {
	grep -ls '^interface=' /etc/hostapd/*.conf
}

assemble() { # each radio's file: the office's own part, then our networks on that radio
	for file in $(radios); do
		radio=$(sed -n 's/^interface=//p' "$file" | head -n 1)
		new=$file.provisioner
		rm -f "$new" && (umask 077 && : >"$new") && chmod --reference="$file" "$new" || return 1
		sed '/^# PROV-.* begin$/,/^# PROV-.* end$/d' "$file" >"$new" || return 1
		for part in /etc/hostapd/PROV-*."$radio".bss; do
			if [ -e "$part" ]; then cat "$part" >>"$new" || return 1; fi
		done
		mv "$new" "$file" || return 1
	done
}

restart_radios() {
	if [ -d /run/systemd/system ] && systemctl -q is-active 'hostapd@*'; then
		systemctl restart 'hostapd@*' 9>&- 3>&-
	else
		restart hostapd
	fi
}

# ---------------------------------------------------------------- the way back

boots_by() { # what would run our hook at boot
	if [ -d /run/systemd/system ]; then
		echo systemd
	elif [ -d /etc/cron.d ] && { has cron || has crond; } >/dev/null; then
		echo cron
	fi
}

hook() { # at boot this library puts back, or brings up what is ours
	mkdir -p "$home/up.d" "$home/vlans" || return 1
	if ! ls /etc/dnsmasq.d/PROV-*; then
		rm -f "$home/started"
		if [ -z "$(pidof dnsmasq)" ]; then : >"$home/started" || return 1; fi
	fi
	if [ "$library" != "$(cat "$home/library.sh")" ]; then
		printf '%s\n' "$library" >"$home/library.new" && mv "$home/library.new" "$home/library.sh" ||
			return 1
	fi
	printf '%s\n' "library=\$(cat $home/library.sh)" ". $home/library.sh" at_boot >"$home/boot" ||
		return 1
	case "$(boots_by)" in
	systemd)
		printf '%s\n' '[Unit]' 'Description=What provisioner put on this host' \
			'After=network.target openvswitch-switch.service nftables.service' '[Service]' \
			'Type=oneshot' "ExecStart=/bin/sh $home/boot" '[Install]' \
			'WantedBy=multi-user.target' >"$unit" && ln -sf "$unit" "$wanted" ;;
	cron) printf '%s\n' "@reboot root /bin/sh $home/boot" >"$cron" ;;
	*) return 1 ;;
	esac && settle
}

tidy() { # nothing of ours is left when nothing of ours stands
	rm -rf "$undo.new" "$undo.done"
	[ -d "$undo" ] && return
	for left in "$home"/up.d/* "$home"/vlans/* /etc/nftables.d/PROV-*; do
		[ -e "$left" ] && return
	done
	settle # the hook goes last
	rm -rf "$unit" "$wanted" "$cron" "$home"
	rmdir /etc/nftables.d
	settle
}

put_back() { # what was before stands again, from the copy in $undo
	while read -r path; do take_down "$path"; done <"$undo/paths"
	while IFS= read -r line; do eval "$line"; done <"$undo/switch"
	while read -r path; do
		if [ -e "$undo/files$path" ]; then
			mkdir -p "${path%/*}" && cp -p "$undo/files$path" "$path.prov-new" &&
				mv "$path.prov-new" "$path" || return 1
		else
			rm -f "$path"
		fi
	done <"$undo/paths"
	settle
	while read -r path; do
		if [ -e "$path" ]; then bring_up "$path"; fi
	done <"$undo/paths"
	services "$undo/paths"
	rm -rf "$undo.done"
	mv "$undo" "$undo.done" || return 1
	tidy
}

keep_copy() { # of $paths and the lines that take the switch back, before anything is changed
	rm -rf "$undo.new"
	mkdir -p "$undo.new/files" || return 1
	printf '%s\n' "$paths" >"$undo.new/paths" && printf '%s\n' "$switch_back" >"$undo.new/switch" &&
		printf '%s\n' "$token" >"$undo.new/token" || return 1
	for path in $paths; do
		[ -e "$path" ] || continue
		mkdir -p "$undo.new/files${path%/*}" && cp -p "$path" "$undo.new/files$path" || return 1
	done
	chmod -R go= "$undo.new" && settle && mv "$undo.new" "$undo" && settle
}

start_timer() { # a process that outlives the session; an older one finds that it is not meant
	id=$token.$$
	printf '%s\n' "$id" >"$undo/timer" &&
		printf '%s\n' "library=\$(cat $home/library.sh)" ". $home/library.sh" \
			'timer_fires "$1" "$2"' >"$undo/fire" || return 1
	if [ -d /run/systemd/system ] && has systemd-run; then
		systemd-run -q --collect sh "$undo/fire" "$id" "$seconds" 9>&- 3>&- && return
	fi
	setsid sh "$undo/fire" "$id" "$seconds" </dev/null >/dev/null 2>&1 9>&- 3>&- &
}

timer_fires() { # id, seconds
	trap '' HUP
	cd /
	sleep "$2"
	locked || return 1
	if [ -d "$undo" ] && [ "$(cat "$undo/timer")" = "$1" ]; then put_back; fi
}

at_boot() {
	locked || return 1
	if [ -d "$undo" ]; then put_back; fi
	for file in "$home"/up.d/* /etc/nftables.d/PROV-*.nft; do
		if [ -e "$file" ]; then bring_up "$file"; fi
	done
	if ls /etc/dnsmasq.d/PROV-* >/dev/null 2>&1; then restart dnsmasq; fi
}
