#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every setting of the one table stands in proxy.conf.example and in the manual,
# and neither names one that is not in the table.
set -eu
cd "$(dirname "$0")/../.."
manual=docs/man/proxy.conf.5
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0

sed -n 's/^SETTING([a-z0-9_]*, "\([^"]*\)".*/\1/p' lib/settings.def |
	sort >"$folder/table"
sed -n 's/^#\([a-z][a-z0-9.-]*\) .*/\1/p' proxy.conf.example |
	sort -u >"$folder/example"
compare() {
	if ! diff "$folder/table" "$folder/$1" >"$folder/diff"; then
		sed -n "s|^< \(.*\)|not ok - $2 lacks the setting \1|p
			s|^> \(.*\)|not ok - $2 names \1, which is no setting|p" \
			"$folder/diff"
		status=1
	fi
}
compare example proxy.conf.example
if [ -f "$manual" ]; then
	sed -n 's/^\.It Ic \([a-z][a-z0-9.-]*\).*/\1/p' "$manual" |
		sed 's/\\&//g; s/\\-/-/g' | sort -u >"$folder/manual"
	compare manual "$manual"
else
	echo "skip - settings: $manual is not written yet"
fi
[ "$status" != 0 ] || echo "ok - settings"
exit "$status"
