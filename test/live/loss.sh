# SPDX-License-Identifier: BSD-3-Clause
# loss.sh: transfers over a link that loses packets at random, both ways.
. "$(dirname "$0")/lib.sh"

random_file 1m 1048576

lose() { # PERCENT
	in_ns nft flush ruleset
	in_ns nft -f - <<-END
		table ip thole {
			chain in {
				type filter hook input priority 0;
				numgen random mod 100 < $1 counter drop
			}
			chain out {
				type filter hook output priority 0;
				numgen random mod 100 < $1 counter drop
			}
		}
	END
}

from_thole() {
	peer curl -sS --max-time "$limit" -o "$dir/got" "http://$thole/1m"
	cmp "$dir/1m" "$dir/got"
}

to_thole() {
	[ "$(peer nc -N "$thole" 7 <"$dir/1m" | sum)" = "$(sum "$dir/1m")" ]
}

some_were_lost() {
	in_ns nft list ruleset
	[ "$(in_ns nft list ruleset | grep -c 'counter packets [1-9]')" = 2 ]
}

serve thole-httpd --root "$dir"
lose 2
check "loss: 2 %: 1 MiB from thole" from_thole
check "loss: packets were lost both ways" some_were_lost
end_server
serve thole-echo
lose 2
check "loss: 2 %: 1 MiB to thole and back" to_thole
check "loss: packets were lost both ways" some_were_lost
end_server
status=$?
check "loss: ends with status 0" [ $status = 0 ]
