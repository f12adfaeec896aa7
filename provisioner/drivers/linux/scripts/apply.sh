# Puts the wanted lines in force, with a timer on the host that takes them back. Given in front:
# hostname, token, seconds (0: no timer), required, paths, switch, switch_back, files.

put() { # path, content
	mkdir -p "$scratch/new${1%/*}" || fail space "no room in /tmp"
	printf '%s' "$2" >"$scratch/new$1" || fail space "no room in /tmp"
	printf '%s\n' "$1" >>"$scratch/touched"
}

gone() { # path
	printf '%s\n' "$1" >>"$scratch/touched"
}

tried() { # command: what it says is told when it refuses
	said=$("$@" 2>&1) || fail rejected "$said"
}

# Each tool says what it does not accept while nothing has been changed.
try_all() {
	while read -r path; do
		new=$scratch/new$path
		case "$path" in
		*.nft) if [ -e "$new" ]; then tried nft -c -f "$new"; fi ;;
		"$home"/up.d/*) if [ -e "$new" ]; then tried sh -n "$new"; fi ;;
		esac
	done <"$scratch/touched"
	if grep -q '^/etc/dnsmasq.d/' "$scratch/touched"; then try_dnsmasq; fi
	if [ -n "$switch" ]; then tried eval "ovs-vsctl -t 20 --no-wait --dry-run $switch"; fi
}

try_dnsmasq() { # all of its files together, as they would be
	mkdir "$scratch/dnsmasq.d"
	cp -p /etc/dnsmasq.d/* "$scratch/dnsmasq.d/"
	while read -r path; do
		case "$path" in /etc/dnsmasq.d/*)
			rm -f "$scratch/dnsmasq.d/${path##*/}"
			if [ -e "$scratch/new$path" ]; then cp "$scratch/new$path" "$scratch/dnsmasq.d/"; fi ;;
		esac
	done <"$scratch/touched"
	: >"$scratch/none"
	own=$scratch/none
	if [ -e /etc/dnsmasq.conf ]; then own=/etc/dnsmasq.conf; fi
	tried dnsmasq --test -C "$own" --conf-dir="$scratch/dnsmasq.d"
}

# Everything or nothing: where a part fails after all, what was before stands again at once.
step() {
	said=$("$@" 2>&1) && return
	put_back
	fail rejected "${said:-$*}"
}

installed() { # path
	if [ -e "$scratch/new$1" ]; then
		mkdir -p "${1%/*}" || return 1
		(case "$1" in *.bss) umask 077 ;; esac; cp "$scratch/new$1" "$1.prov-new") &&
			mv "$1.prov-new" "$1"
	else
		rm -f "$1"
	fi
}

replace() {
	while read -r path; do take_down "$path"; done <"$scratch/touched"
	if [ -n "$switch" ]; then step eval "ovs-vsctl -t 20 $switch"; fi
	while read -r path; do step installed "$path"; done <"$scratch/touched"
	settle
	while read -r path; do
		if [ -e "$path" ]; then step bring_up "$path"; fi
	done <"$scratch/touched"
	step services "$scratch/touched"
}

armed() {
	hook || return 1
	if [ -d "$undo" ] || keep_copy; then start_timer; else return 1; fi
}

main() {
	begin
	same_host
	not_a_strangers
	: >"$scratch/touched"
	files
	try_all
	timed=no
	before=no
	if [ -d "$undo" ]; then before=yes; fi
	if [ "$seconds" != 0 ]; then
		if armed; then
			timed=yes
		elif [ "$required" = yes ]; then
			if [ "$before" = no ]; then rm -rf "$undo"; fi
			tidy
			fail timer "no copy in $home, or nothing that runs it at boot"
		else
			tell "prov-untimed yes"
		fi
	fi
	if [ "$timed" = no ]; then
		hook
		undo=$scratch/undo
		keep_copy || fail space "no room in /tmp"
	fi
	replace
	if [ "$timed" = no ]; then
		undo=$home/undo
		tidy
	fi
	tell "prov-changed yes"
	finish 0
}

main
