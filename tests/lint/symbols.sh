#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No two of our folders, and no folder and a library, give the same name to
# different things: the linker would quietly take the first it meets.
#   tests/lint/symbols.sh [BUILD-FOLDER]
set -eu
cd "$(dirname "$0")/../.."
build=${1:-build}
export LC_ALL=C
status=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for archive in "$build"/*.a; do
	[ -f "$archive" ] || continue
	nm --defined-only -g "$archive" | awk 'NF == 3 && $2 ~ /[TDBRC]/ &&
		$3 !~ /^__/ { print $3 }'
done | sort >"$folder/ours"
if [ ! -s "$folder/ours" ]; then
	echo "skip - symbols: nothing is built in $build; run make first"
	exit 0
fi
uniq -d "$folder/ours" >"$folder/twice"
for program in "$build"/gatebook*; do
	[ -f "$program" ] && [ -x "$program" ] || continue
	ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }'
done | sort -u | grep -Ev '/lib(asan|ubsan|gcc_s|stdc\+\+)\.' | while read -r library; do
	nm -D --defined-only "$library" | awk '{ sub(/@.*/, "", $3); print $3 }'
done | sort -u >"$folder/theirs"
sort -u "$folder/ours" | comm -12 - "$folder/theirs" >"$folder/clash"

while read -r name; do
	echo "not ok - symbols: $name is defined in two of our folders"
	status=1
done <"$folder/twice"
while read -r name; do
	echo "not ok - symbols: $name is also a name of a library"
	status=1
done <"$folder/clash"
[ "$status" != 0 ] || echo "ok - symbols"
exit "$status"
