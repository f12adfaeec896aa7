# Tells how the host is doing, as it goes, so that a session that is cut has told something. Changes
# nothing: no file is made, no lock is taken. Given in front: topics, pings, names (words).

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL

tell() {
	printf 'prov-%s\n' "$1" >&3
}

block() { # name, text: its lines cannot be taken for ours
	printf '%s\n' "prov-block $1" "$2" | sed '2,$s/^/ /' >&3
}

has() {
	command -v "$1"
}

wants() { # topic
	case " $topics " in *" $1 "*) ;; *) return 1 ;; esac
}

untold() { # topic, why
	tell "untold $1 $2"
}

within() { # seconds, command: where the host can see to it
	seconds=$1
	shift
	if timeout 1 true; then timeout "$seconds" "$@"; else "$@"; fi
}

of_file() { # its first line, in $line
	line=
	[ -r "$1" ] && read -r line <"$1"
	return 0
}

moment() {
	of_file /proc/uptime
	tell "moment ${line%% *}"
}

# ---------------------------------------------------------------- the host itself

processor() {
	of_file /proc/stat
	tell "stat $line"
}

system() {
	tell "uptime $(cat /proc/uptime)"
	tell "load $(cat /proc/loadavg)"
	tell "processors $(grep -c '^processor' /proc/cpuinfo)"
	block release "$(cat /etc/os-release)"
	block kernel "$(uname -r)"
	for file in /sys/class/dmi/id/product_name /proc/device-tree/model; do
		if [ -r "$file" ]; then block model "$(tr -d '\000' <"$file")"; fi
	done
	of_file /sys/class/dmi/id/product_serial
	tell "serial $line"
	block memory "$(cat /proc/meminfo)"
	block disk "$(within 3 df -P /)"
	for file in /sys/class/thermal/thermal_zone*/temp /sys/class/hwmon/hwmon*/temp*_input; do
		of_file "$file"
		[ -z "$line" ] || tell "heat $line"
	done
	for file in /sys/class/hwmon/hwmon*/*_alarm; do
		of_file "$file"
		if [ "$line" = 1 ]; then
			of_file "${file%/*}/name"
			file=${file##*/}
			tell "alarm $line ${file%_alarm}"
		fi
	done
	if [ -r /proc/mdstat ]; then block arrays "$(cat /proc/mdstat)"; fi
	clock_follows
}

clock_follows() {
	if [ -n "$(pidof chronyd)" ] && has chronyc; then
		block chrony "$(within 3 chronyc -n tracking)"
	elif [ -n "$(pidof systemd-timesyncd)" ]; then
		if [ -e /run/systemd/timesync/synchronized ]; then tell "follows yes"; else tell "follows no"; fi
	elif [ -n "$(pidof ntpd)" ] && has ntpq; then
		block ntp "$(within 3 ntpq -c 'rv 0 leap')"
	fi
}

# ---------------------------------------------------------------- ports

counted() { # of every port, without a process for each
	moment
	for port in /sys/class/net/*; do
		[ -d "$port" ] || continue
		row=
		for file in flags carrier speed duplex carrier_changes \
			statistics/rx_bytes statistics/tx_bytes statistics/rx_errors statistics/tx_errors \
			statistics/tx_window_errors statistics/tx_dropped; do
			of_file "$port/$file"
			row="$row ${line:--}"
		done
		tell "port ${port##*/}$row"
	done
}

switch() {
	has ovs-vsctl && [ -e /etc/openvswitch/conf.db ] || return 0
	if ! said=$(ovs-vsctl -t 3 -f json \
		-- --columns=_uuid,name,tag,trunks,vlan_mode,external_ids list Port \
		-- --columns=name,type list Interface -- --columns=name,ports list Bridge 2>&1); then
		untold vlans "$(printf '%s\n' "$said" | tail -n 1)"
		tell "asleep Open vSwitch"
		return 0
	fi
	block ovs "$said"
	block ovs-errors "$(ovs-vsctl -t 3 -f json --columns=name,error list Interface)"
	block ovs-trees "$(ovs-vsctl -t 3 -f json -- --columns=name,status,rstp_status list Port \
		-- --columns=name,ports,stp_enable,rstp_enable list Bridge)"
	if wants learned; then
		for bridge in $(ovs-vsctl -t 3 list-br); do
			block "fdb $bridge" "$(ovs-appctl -T 3 fdb/show "$bridge")"
			block "ofports $bridge" "$(ovs-vsctl -t 3 -f json \
				--columns=name,ofport,external_ids list Interface)"
		done
	fi
	if [ -z "$(pidof ovs-vswitchd)" ]; then tell "asleep ovs-vswitchd"; fi
}

switching() {
	block links "$(ip -j -d link show)"
	block vlans "$(bridge -j vlan show)"
	block tree "$(bridge -j -d link show)"
	for port in /sys/class/net/*/bridge/stp_state; do
		of_file "$port"
		port=${port%/bridge/stp_state}
		[ -z "$line" ] || tell "stp ${port##*/} $line"
	done
	switch
}

# ---------------------------------------------------------------- around it

around() {
	if wants neighbors; then
		if [ -n "$(pidof lldpd)" ] && has lldpcli; then
			block lldp "$(within 3 lldpcli -f json0 show neighbors details)"
		else
			untold neighbors "no lldpd"
		fi
	fi
	if wants learned; then
		block learned "$(bridge -j fdb show)"
		block neighbours "$(ip -j -4 neighbour show)"
	fi
}

leasing() {
	for file in /etc/dnsmasq.conf /etc/dnsmasq.d/*; do
		case "$file" in *.dpkg-* | *~ | */.*) continue ;; esac
		if [ -f "$file" ] && ! [ -L "$file" ]; then block "$file" "$(cat "$file")"; fi
	done
	for file in $(sed -n 's/^dhcp-leasefile=//p' /etc/dnsmasq.conf /etc/dnsmasq.d/*) \
		/var/lib/misc/dnsmasq.leases; do
		if [ -f "$file" ]; then block leases "$(cat "$file")"; fi
	done
	if [ -n "$(pidof dnsmasq)" ]; then tell "runs dnsmasq"; fi
	block listening "$(cat /proc/net/udp)"
	if [ -d /run/systemd/journal ] && has journalctl; then
		block dhcp-log "$(within 3 journalctl -q --no-pager -o cat --since=-1h -n 2000 \
			-t dnsmasq-dhcp | grep 'wrong server-ID')"
	fi
}

ways() {
	block addresses "$(ip -j -4 address show)"
	block routes "$(ip -4 route show default)"
	file=/etc/resolv.conf
	if [ -r /run/systemd/resolve/resolv.conf ]; then file=/run/systemd/resolve/resolv.conf; fi
	block resolvers "$(sed -n 's/^nameserver[[:space:]]*//p' "$file")"
}

air() {
	for file in /etc/hostapd/*.conf; do
		if [ -f "$file" ]; then
			block "$file" "$(grep -E '^(interface|bss|ssid2?|hw_mode|channel|op_class)=' "$file")"
		fi
	done
	for file in /sys/class/rfkill/*; do
		of_file "$file/name"
		name=$line
		of_file "$file/soft"
		soft=$line
		of_file "$file/hard"
		[ -z "$name" ] || tell "rfkill $name $soft $line"
	done
	for port in /sys/class/net/*/phy80211/name; do
		of_file "$port"
		port=${port%/phy80211/name}
		[ -z "$line" ] || tell "phy ${port##*/} $line"
	done
	if [ -n "$(pidof hostapd)" ]; then tell "runs hostapd"; fi
	if has iw; then
		block air "$(iw dev)"
		for port in $(iw dev | sed -n 's/^[[:space:]]*Interface //p'); do
			block "survey $port" "$(iw dev "$port" survey dump)"
			block "stations $port" "$(iw dev "$port" station dump)"
		done
	elif ls -d /sys/class/net/*/phy80211; then
		untold wireless "no iw"
	fi
	if [ -d /run/systemd/journal ] && has journalctl; then
		block join-log "$(within 3 journalctl -q --no-pager -o cat --since=-15min -n 4000 \
			-t hostapd | grep -E 'POSSIBLE-PSK-MISMATCH|could not add STA|invalid MIC')"
	fi
}

# ---------------------------------------------------------------- tried from there

pinged() { # address
	said=$(ping -n -c 3 $pace -W 1 "$1" 2>&1)
	printf 'prov-block ping %s\n %s\n' "$1" \
		"$(printf '%s\n' "$said" | tail -n 2 | tr '\n' ' ')" >&3
}

servers() { # whom the clients of this host are told to ask, else whom it asks itself
	own=$(sed -n 's/^dhcp-option=.*\(option:dns-server\|[,=]6\),//p' /etc/dnsmasq.conf \
		/etc/dnsmasq.d/* | tr ',' '\n' | sed 's/^0\.0\.0\.0$/127.0.0.1/' | sort -u)
	if [ -z "$own" ] && [ -n "$(pidof dnsmasq)" ] && grep -q ':0035 ' /proc/net/udp; then
		own=127.0.0.1
	fi
	printf '%s\n' "${own:-$(sed -n 's/^nameserver[[:space:]]*//p' /etc/resolv.conf)}"
}

asked() { # name, server
	if has dig >/dev/null; then
		dig +time=2 +tries=1 "@$2" "$1" A
	elif has nslookup >/dev/null; then
		within 3 nslookup "$1" "$2"
	else
		host -W 2 -t A "$1" "$2"
	fi
}

resolved() { # name: each server is asked until one knows
	all=
	for server in $asks; do
		said=$(asked "$1" "$server" 2>&1 | head -n 40)
		all="$all
prov-server $server
$said"
		case "$said" in *'status: NOERROR'* | *'Name:'* | *' has address '*) break ;; esac
	done
	printf 'prov-block name %s\n%s\n' "$1" "$(printf '%s\n' "$all" | sed 's/^/ /')" >&3
}

tried() {
	if [ -n "$pings" ] && ! has ping; then
		untold pings "no ping"
	elif [ -n "$pings" ]; then
		pace=
		if ping -c 1 -i 0.2 -W 1 127.0.0.1; then pace='-i 0.2'; fi
		for address in $pings; do pinged "$address" & done
	fi
	if [ -n "$names" ]; then
		asks=$(servers)
		if ! has dig && ! has nslookup && ! has host; then
			untold names "no dig, nslookup or host"
		elif [ -z "$asks" ]; then
			untold names "no resolver is set"
		else
			for name in $names; do resolved "$name" & done
		fi
	fi
}

main() {
	exec 3>&1 >/dev/null 2>&1 </dev/null
	tell "clock $(date +%s.%N)"
	of_file /proc/sys/kernel/hostname
	tell "hostname ${line%%.*}"
	if wants system; then processor; fi
	if wants ports || wants vlans || wants spanning_tree; then counted; fi
	if wants system; then system; fi
	ways
	if wants ports || wants vlans || wants spanning_tree || wants learned || wants addresses; then
		switching
	fi
	around
	if wants addresses; then leasing; fi
	if wants wireless; then air; fi
	if wants power; then untold power "no power over Ethernet here"; fi
	tried
	if wants ports || wants system; then sleep 1; fi
	wait
	if wants ports; then counted; fi
	if wants system; then processor; fi
	tell "clock $(date +%s.%N)"
	tell end
}

main
