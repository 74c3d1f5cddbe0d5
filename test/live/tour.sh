# SPDX-License-Identifier: BSD-3-Clause
# tour.sh: the README's commands, as they stand there, all pasted at once.
. "$(dirname "$0")/lib.sh"
top=$(cd "$(dirname "$0")/../.." && pwd)

# The block of commands that follows the marker <!-- tour -->, with our names for folder and namespace.
commands() {
	local file

	for file in "$top/README.md" "$top/app/TOUR.md"; do
		if grep -qs '^<!-- tour -->' "$file"; then
			sed -n '/^<!-- tour -->/,/^```$/p' "$file" | grep -v -e '^<!--' -e '^```' |
				sed -e "s#\bbuild/app#$app#g" -e "s/\(netns [a-z]*\|ip -n\) thole\b/\1 $ns-tour/g"
			return
		fi
	done
}

works() {
	commands >"$dir/commands"
	cat "$dir/commands"
	grep -q 'thole-httpd' "$dir/commands"
	(
		cd "$top" || exit
		timeout "$limit" bash -c "$(cat "$dir/commands")"'
			kill %1; wait' >"$dir/out"
	)
	ip netns del "$ns-tour"
	cat "$dir/out"
	grep -q 'listening at 10.99.0.2 port 80' "$dir/out"
	grep -v 'listening at' "$dir/out" | cmp - "$top/LICENSE"
}

check "tour: the README's commands fetch a page" works
for pid in $(ip netns pids "$ns-tour" 2>/dev/null); do
	kill -9 "$pid"
done
ip netns del "$ns-tour" 2>/dev/null
exit 0
