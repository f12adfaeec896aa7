# Back to what was before: from the copy on the flash, or by the lines that undo the change.

main() {
	begin
	same_host
	not_a_strangers
	if [ -d "$undo" ]; then
		sh "$undo/restore" now || fail space "restore"
		stop_timer
		tell "prov-how timer"
		finish 0
	fi
	forget
	build
	if differs; then
		replace || fail space "/etc/config"
		reload
		tell "prov-how undo"
	else
		tell "prov-how nothing"
	fi
	finish 0
}

main
