# The change stays: the copy goes, and with it the timer. Moving it away decides, at once or not at
# all. Given in front: hostname, token.

main() {
	begin
	same_host
	if [ "$(pending)" != "$token" ]; then
		tell "prov-kept no"
		if [ -z "$(pending)" ]; then tell "prov-untimed yes"; fi
		finish 0
	fi
	rm -rf "$undo.done"
	mv "$undo" "$undo.done" || fail space "mv"
	settle
	tidy
	tell "prov-kept yes"
	finish 0
}

main
