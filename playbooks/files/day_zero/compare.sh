# Tells what would change; writes nothing outside of a copy in memory.

main() {
	begin
	build
	if [ -n "$(changed)" ]; then tell "prov-changed yes"; else tell "prov-changed no"; fi
	tell "prov-before"
	block "$(state original)"
	for name in $(insecure); do block "service $name on"; done
	tell "prov-after"
	block "$(state copied)"
	keyed || block "authorized_keys: $key"
	finish 0
}

main
