#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every source says its licence, and none calls what cannot be bounded.
set -eu
cd "$(dirname "$0")/../.."
status=0
sources=$(git ls-files '*.c' '*.h' '*.def' 2>/dev/null ||
	find lib policy proxy logging daemon ctl tests -name '*.[ch]')
for f in $sources; do
	[ -f "$f" ] || continue
	if ! head -n 3 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0'; then
		echo "not ok - $f says no licence"
		status=1
	fi
done
# shellcheck disable=SC2086
if grep -nE '(^|[^a-z_])(strcpy|strcat|strncpy|strncat|v?sprintf|gets|alloca|strtok)[[:space:]]*\(' \
    $sources /dev/null; then
	echo "not ok - a call without bounds"
	status=1
fi
[ "$status" != 0 ] || echo "ok - words"
exit "$status"
