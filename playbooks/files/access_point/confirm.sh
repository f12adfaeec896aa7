# The change stays: copy, boot hook and timer go. Moving the copy away decides, at once or not at all.

main() {
	begin
	same_host
	if [ "$(pending)" != "$token" ]; then
		still=no
		if [ "$required" = no ] && [ -z "$(pending)" ]; then # there may have been no timer at all
			build
			differs || still=yes
		fi
		tell "prov-kept $still"
		finish 0
	fi
	rm -rf "$undo.done"
	mv "$undo" "$undo.done" || fail space "mv"
	sync # before the boot hook goes: it must never be gone while the copy is there
	forget
	tell "prov-kept yes"
	finish 0
}

main
