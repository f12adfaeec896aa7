# Uses a network as a person would, in a network namespace of its own, and leaves everything as it
# was. Given in front: interface, ssid (hex; '' by cable), security, passphrase, pings, names, urls,
# forbidden (words), limit (seconds).

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
umask 077
space=prov-probe
known=/run/$space
own=/etc/netns/$space

tell() { # whoever listens no longer is no reason to leave things behind
	printf 'prov-%s\n' "$1" >&3 || stop
}

has() {
	command -v "$1"
}

fail() { # word, text
	tell "failed $1"
	printf ' %s\n' "$2" | sed '1s/^/prov-block failed\n/' >&3
	stop
}

inside() {
	ip netns exec "$space" "$@"
}

within() { # seconds, command, inside
	seconds=$1
	shift
	if timeout 1 true; then inside timeout "$seconds" "$@"; else inside "$@"; fi
}

now() { # hundredths of seconds
	read -r uptime idle </proc/uptime
	printf '%s\n' "${uptime%.*}${uptime#*.}"
}

of_file() {
	line=
	[ -r "$1" ] && read -r line <"$1"
	return 0
}

# ---------------------------------------------------------------- there and back

like() { # Ethernet address: one that nobody was given by a maker, and not this one
	case "$1" in 06*) printf '%s\n' "0a${1#??}" ;; *) printf '%s\n' "06${1#??}" ;; esac
}

idle() { # nobody else needs the interface
	if [ -e "/sys/class/net/$interface/master" ] ||
		[ -n "$(ip -4 -o address show dev "$interface")" ]; then
		fail used "$interface"
	fi
}

enter() {
	[ -d "/sys/class/net/$interface" ] || fail absent "$interface"
	ip netns list || fail absent "ip netns"
	if [ -e "$known/pid" ]; then
		of_file "$known/pid"
		if kill -0 "$line"; then fail busy "$line"; fi
		leave
		[ -d "/sys/class/net/$interface" ] || fail absent "$interface"
	fi
	mkdir -p "$known" && printf '%s\n' "$$" >"$known/pid" || fail space "$known"
	of_file "/sys/class/net/$interface/flags"
	printf '%s %s\n' "$interface" "$line" >"$known/was"
	of_file "/sys/class/net/$interface/phy80211/name"
	phy=$line
	printf '%s\n' "$phy" >"$known/phy"
	ip netns add "$space" && inside ip link set lo up || fail space "ip netns add"
	scratch=$(mktemp -d /tmp/prov-probe.XXXXXX) || fail space /tmp
	printf '%s\n' "$scratch" >"$known/scratch"
	watch_over
	if [ -n "$ssid" ]; then
		[ -n "$phy" ] || fail wireless "$interface"
		for program in iw wpa_supplicant; do has $program || fail absent $program; done
		for other in /sys/class/net/*/phy80211/name; do
			of_file "$other"
			other=${other%/phy80211/name}
			[ "$line" != "$phy" ] || [ "${other##*/}" = "$interface" ] || fail used "$interface"
		done
		idle
		inside sleep "$limit" &
		iw phy "$phy" set netns "$!" || fail space "iw phy set netns"
	elif ip link add link "$interface" name "$space" type macvlan mode private; then
		# an address of its own, the same each time, beside whatever the host does there
		of_file "/sys/class/net/$interface/address"
		said=$(ip link set dev "$space" address "$(like "$line")" netns "$space" 2>&1) ||
			fail space "macvlan: $said"
		of_file "/sys/class/net/$interface/flags"
		interface=$space
	else
		idle
		ip link set dev "$interface" netns "$space" || fail space "ip link set netns"
	fi
	inside ip link set dev "$interface" up
}

watch_over() { # if this script is killed, or hangs, somebody clears up
	(
		trap '' HUP INT PIPE
		trap 'kill "$!"; exit' TERM
		exec 3>&-
		sleep "$limit" &
		wait
		end_inside
		kill -TERM $$
		sleep 3
		if [ -d "$known" ]; then leave; fi
	) &
	watcher=$!
}

end_inside() {
	for pid in $(ip netns pids "$space"); do kill -KILL "$pid"; done
}

leave() { # whatever stands of a trial goes, whether this one or one that was killed
	read -r was flags <"$known/was"
	of_file "$known/phy"
	phy=$line
	of_file "$known/scratch"
	scratch=$line
	end_inside
	if ip netns list | grep -q "^$space"; then
		if [ -n "$phy" ] && ! [ -d "/sys/class/net/$was" ]; then
			inside ip link set dev "$was" down
			inside iw phy "$phy" set netns 1
		elif ! [ -d "/sys/class/net/$was" ]; then
			inside ip -4 address flush dev "$was"
			inside ip link set dev "$was" netns 1
		fi
		if [ $((flags & 1)) = 1 ]; then ip link set dev "$was" up; fi
		ip netns delete "$space"
	fi
	rm -rf "$own" "${scratch:-$known}"
	rmdir /etc/netns
	rm -rf "$known"
}

stop() {
	trap '' HUP INT PIPE TERM
	if [ -n "$watcher" ]; then kill "$watcher"; fi
	if [ -n "$client" ]; then
		kill "$client" && wait "$client"
	fi
	of_file "$known/pid"
	if [ "$line" = $$ ]; then leave; fi
	printf 'prov-end\n' >&3
	exit 0
}

# ---------------------------------------------------------------- as a person would

network() { # for wpa_supplicant
	printf 'network={\nssid=%s\nscan_ssid=1\n' "$ssid"
	case "$security" in
	wpa2-personal) printf 'key_mgmt=WPA-PSK\nieee80211w=1\npsk="%s"\n' "$passphrase" ;;
	wpa3-personal) printf 'key_mgmt=SAE\nieee80211w=2\nsae_password="%s"\n' "$passphrase" ;;
	*) printf 'key_mgmt=NONE\n' ;;
	esac
	printf '}\n'
}

refusals='AUTH_FAILED|AUTH-REJECT|ASSOC-REJECT'

join() { # the passphrase goes by a pipe, never into a file
	: >"$scratch/join"
	network | inside wpa_supplicant -i "$interface" -c /proc/self/fd/0 >"$scratch/join" 2>&1 &
	tries=0
	while [ "$tries" -lt 50 ]; do
		if grep -q CTRL-EVENT-CONNECTED "$scratch/join"; then
			tell "joined yes"
			tell "signal $(inside iw dev "$interface" link | sed -n 's/.*signal: *\(-[0-9]*\).*/\1/p')"
			return
		fi
		if grep -qE 'WRONG_KEY|pre-shared key may be incorrect|4-Way Handshake failed|'\
'AUTH-REJECT .*auth_type=3 .*status_code=15' "$scratch/join"; then
			tell "joined wrong-key"
			stop
		fi
		if [ "$(grep -c NETWORK-NOT-FOUND "$scratch/join")" -ge 4 ]; then break; fi
		tries=$((tries + 1))
		sleep 0.5 || sleep 1
	done
	if grep -q NETWORK-NOT-FOUND "$scratch/join" && ! grep -q 'Trying to a' "$scratch/join"; then
		tell "joined not-found"
	elif grep -qE "$refusals" "$scratch/join"; then
		tell "joined $(grep -E "$refusals" "$scratch/join" | tail -n 1 | cut -c 1-160)"
	else
		tell "joined timeout"
	fi
	stop
}

plugged() {
	tries=0
	until inside cat "/sys/class/net/$interface/carrier" | grep -q 1; do
		tries=$((tries + 1))
		if [ "$tries" -gt 15 ]; then
			tell "joined no-link"
			stop
		fi
		sleep 0.2 || sleep 1
	done
}

lease() {
	cat >"$scratch/leased" <<'END'
#!/bin/sh
case "$1$reason" in
bound | renew | BOUND | RENEW | REBOOT)
	printf '%s\n' "${ip:-$new_ip_address}" "${subnet:-$new_subnet_mask}" \
		"${router:-$new_routers}" "${dns:-$new_domain_name_servers}" \
		"${serverid:-$new_dhcp_server_identifier}" >"$LEASE" ;;
esac
END
	chmod 700 "$scratch/leased"
	LEASE=$scratch/lease
	export LEASE
	if has udhcpc; then # it stays, and gives the address back when it is ended
		ip netns exec "$space" udhcpc -i "$interface" -f -n -R -t 4 -T 2 -s "$scratch/leased" &
		client=$!
		while ! [ -s "$LEASE" ] && kill -0 "$client"; do sleep 0.1 || sleep 1; done
	elif has dhclient; then
		within 15 dhclient -1 -4 -d -e "LEASE=$LEASE" -sf "$scratch/leased" \
			-lf "$scratch/leases" -pf "$scratch/pid" "$interface"
	else
		fail absent "udhcpc, dhclient"
	fi
	if ! [ -s "$LEASE" ]; then
		client=
		tell "leased no"
		stop
	fi
	{ read -r address && read -r mask && read -r gateway && read -r resolvers && read -r server; } \
		<"$LEASE"
	gateway=${gateway%% *}
	inside ip address add "$address/$mask" dev "$interface"
	inside ip route replace default via "$gateway"
	mkdir -p "$own" && for each in $resolvers; do echo "nameserver $each"; done >"$own/resolv.conf"
	if [ -e /etc/nsswitch.conf ]; then printf 'hosts: files dns\n' >"$own/nsswitch.conf"; fi
	chmod -R a+rX "$own"
	tell "leased yes"
	tell "address $address"
	tell "gateway $gateway"
	tell "resolvers $resolvers"
	tell "server $server"
}

pinged() { # word, address, how often
	said=$(inside ping -n -c "$3" -W 1 "$2" 2>&1)
	printf 'prov-%s %s %s\n' "$1" "$2" \
		"$(printf '%s\n' "$said" | sed -n 's|.*= *[0-9.]*/\([0-9.]*\)/.*|\1|p')" >&3
}

resolved() { # name
	for each in $resolvers; do
		if has dig >/dev/null; then
			said=$(within 4 dig +short +time=2 +tries=1 "@$each" "$1" A 2>/dev/null |
				grep -E '^[0-9.]+$')
		else
			said=$(within 4 nslookup "$1" "$each" 2>/dev/null | sed '1,/^$/d' |
				sed -n 's/^Address[ 0-9]*: *\([0-9.]*\)\( .*\)*$/\1/p')
		fi
		[ -z "$said" ] || break
	done
	printf 'prov-name %s %s\n' "$1" "$(printf '%s\n' "$said" | tr '\n' ' ')" >&3
}

fetched() { # URL
	if has curl >/dev/null; then
		said=$(inside curl -q -4 -s -o /dev/null --connect-timeout 5 -m 8 \
			-w '%{http_code} %{size_download} %{time_starttransfer} %{time_total}' --url "$1")
	else
		begun=$(now)
		size=$(within 8 wget -q -O - "$1" 2>/dev/null | wc -c)
		said="$([ "$size" -gt 0 ] && echo 200 || echo 000) $size 0 $(($(now) - begun))e-2"
	fi
	tell "page $1 $said"
}

forbidden() { # address
	if inside ping -n -c 2 -W 1 "$1" >/dev/null 2>&1 ||
		{ has curl && inside curl -q -s -o /dev/null -m 2 --url "http://$1/"; } >/dev/null 2>&1; then
		printf 'prov-reached %s\n' "$1" >&3
	fi
}

all_at_once() { # what does not disturb the others
	pinged gateway-ping "$gateway" 3 &
	jobs=$!
	for each in $pings; do
		pinged ping "$each" 3 &
		jobs="$jobs $!"
	done
	for each in $names; do
		resolved "$each" &
		jobs="$jobs $!"
	done
	for each in $forbidden; do
		forbidden "$each" &
		jobs="$jobs $!"
	done
	for each in $jobs; do wait "$each"; done
}

main() {
	exec 3>&1 >/dev/null 2>&1 </dev/null
	trap '' HUP PIPE
	trap stop INT TERM
	watcher=
	client=
	enter
	if [ -n "$ssid" ]; then join; else plugged; fi
	lease
	all_at_once
	for each in $urls; do fetched "$each"; done
	stop
}

main
