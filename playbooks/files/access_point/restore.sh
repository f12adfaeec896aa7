#!/bin/sh
# Left by provisioner with a change that is not confirmed yet: puts back what was before it.
# ID SECONDS: then, unless this timer is not the current one any more; boot: before the network
# starts; now: called by one who holds the lock already.

trap '' HUP
undo=/etc/provisioner-undo
case "$1" in
boot | now) ;;
*) sleep "$2" ;;
esac
if [ "$1" != now ]; then
	mkdir -p /var/lock
	exec 9>/var/lock/provisioner
	flock 9
fi
[ -d "$undo" ] || exit 0
case "$1" in
boot | now) ;;
*) [ "$(cat "$undo/timer")" = "$1" ] || exit 0 ;;
esac
changed=
for name in network wireless dhcp firewall sqm; do
	[ -f "$undo/$name" ] || continue
	cmp -s "$undo/$name" "/etc/config/$name" && continue
	changed="$changed $name"
	cp -p "$undo/$name" "/etc/config/.$name.provisioner" &&
		mv "/etc/config/.$name.provisioner" "/etc/config/$name" || exit 1
done
sync
rm -rf "$undo.done"
mv "$undo" "$undo.done" || exit 1
sync
rm -rf "$undo.done"
sync
rm -f /etc/rc.d/S11provisioner-undo /etc/init.d/provisioner-undo
if [ "$1" != boot ]; then
	/etc/init.d/network reload 9>&-
	wifi reload 9>&-
	for name in $changed; do
		case $name in
		dhcp) /etc/init.d/dnsmasq reload 9>&- ;;
		firewall | sqm) "/etc/init.d/$name" reload 9>&- ;;
		esac
	done
fi
sync
