# Tells what the wanted lines would change; writes nothing outside of a copy in memory.

shown() { # all files, secrets masked
	for name in $(ours); do
		mask "$name"
		copied export "$name"
	done
}

main() {
	begin
	same_host
	not_a_strangers
	build
	if differs; then tell "prov-changed yes"; else tell "prov-changed no"; fi
	after=$(shown)
	lines=
	rm -rf "$scratch/config" "$scratch/delta"
	mkdir -p "$scratch/config" "$scratch/delta"
	build
	tell "prov-before"
	block "$(shown)"
	tell "prov-after"
	block "$after"
	finish 0
}

main
