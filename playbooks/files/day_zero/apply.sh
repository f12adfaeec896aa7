# Makes it so. Our key is there before passwords are turned off; the network is last of all, and
# only once the answer is out, as it may cut this session.

main() {
	begin
	build
	what=$(changed)
	if [ -z "$what" ]; then
		tell "prov-changed no"
		finish 0
	fi
	if ! keyed; then
		mkdir -p "${keys%/*}" || fail space "/etc/dropbear"
		printf '%s\n' "$key" >>"$keys" || fail space "$keys"
		chmod 600 "$keys"
		sync
	fi
	for name in $(insecure); do
		"/etc/init.d/$name" stop 9>&-
		"/etc/init.d/$name" disable
	done
	reload=
	for name in $(files); do
		[ "$(original export "$name")" != "$(copied export "$name")" ] || continue
		cp -p "$scratch/config/$name" "/etc/config/.$name.provisioner" || fail space "/etc/config"
		mv "/etc/config/.$name.provisioner" "/etc/config/$name" || fail space "/etc/config"
		reload="$reload $name"
	done
	sync
	for name in $reload; do
		case $name in
		network) start-stop-daemon -S -b -x /bin/sh -- -c 'sleep 3; /etc/init.d/network reload' 9>&- 3>&- ;;
		*) "/etc/init.d/$name" reload 9>&- ;;
		esac
	done
	if ! [ "$(cat /proc/sys/kernel/hostname)" = "$hostname" ]; then
		echo "$hostname" >/proc/sys/kernel/hostname
	fi
	tell "prov-changed yes"
	finish 0
}

main
