# Puts the wanted lines in force, with a timer on the device that takes them back.

copy_files() { # folder
	for name in $(ours); do
		cp -p "/etc/config/$name" "$1/$name" || return 1
	done
}

# Before anything is changed, the way back is on the flash, and found by a boot.
keep_copy() {
	rm -rf "$undo.new" "$undo.done"
	printf '%s\n' "$bootscript" >"$hook" &&
		chmod 755 "$hook" &&
		ln -sf "../init.d/${hook##*/}" "$link" &&
		mkdir -p "$undo.new" &&
		copy_files "$undo.new" &&
		printf '%s\n' "$token" >"$undo.new/token" &&
		printf '%s\n' "$restore" >"$undo.new/restore" &&
		sync &&
		mv "$undo.new" "$undo" &&
		sync
}

start_timer() {
	stop_timer
	printf '%s\n' "$token.$$" >"$undo/timer" &&
		start-stop-daemon -S -b -m -p "$pidfile" -x /bin/sh -- \
			"$undo/restore" "$token.$$" "$((minutes * 60))" 9>&- 3>&-
}

armed() {
	if [ -d "$undo" ]; then
		start_timer
		return
	fi
	keep_copy && start_timer && return
	rm -rf "$undo"
	sync
	forget
	return 1
}

main() {
	begin
	same_host
	not_a_strangers
	build
	if ! differs && [ -z "$(pending)" ]; then
		tell "prov-changed no"
		finish 0
	fi
	if [ "$minutes" -gt 0 ] && ! armed; then
		[ "$required" = no ] || fail timer "no copy in ${undo%/*}, or no start-stop-daemon"
		tell "prov-untimed"
	fi
	tell "prov-changed yes"
	if differs; then
		replace || fail space "/etc/config"
		reload
	fi
	finish 0
}

main
