# Back to what was before, now, from the copy that the timer would use. Given in front: hostname,
# token.

main() {
	begin
	same_host
	not_a_strangers
	if [ -d "$undo" ]; then
		put_back || fail space "put_back"
		tell "prov-how timer"
	fi
	finish 0
}

main
