#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whether the built programs carry the hardening that the Makefile asks for:
# position independent, addresses bound and made read-only at start, no
# executable stack or writable code, stack protector, checked copies.
#   tests/lint/hardening.sh [BUILD-FOLDER]
set -eu
cd "$(dirname "$0")/../.."
build=${1:-build}
export LC_ALL=C
failed=0
seen=0

fault() {
	echo "not ok - hardening: $1: $2"
	failed=1
}

judge() {
	program=$1
	header=$(readelf -Wh "$program")
	segments=$(readelf -Wl "$program")
	dynamic=$(readelf -Wd "$program")
	symbols=$(readelf -W --dyn-syms "$program")
	before=$failed
	failed=0
	case $header in
	*DYN*) ;;
	*) fault "$program" "is not position independent" ;;
	esac
	case $segments in
	*GNU_RELRO*) ;;
	*) fault "$program" "has no read-only relocations" ;;
	esac
	echo "$dynamic" | grep -Eq 'BIND_NOW|FLAGS.*NOW' ||
		fault "$program" "binds addresses late"
	echo "$segments" | awk '
		/GNU_STACK/ { found = 1; if ($0 ~ /RWE/) bad = 1 }
		/LOAD/ && /RWE/ { bad = 1 }
		END { exit bad || !found }' ||
		fault "$program" "has an executable stack or writable code"
	case $symbols in
	*__stack_chk_fail*) ;;
	*) fault "$program" "has no stack protector" ;;
	esac
	case $dynamic in
	*RPATH* | *RUNPATH*)
		fault "$program" "looks for libraries in a folder of its own" ;;
	esac
	# The sanitizers replace the checked copies by their own.
	case $symbols in
	*__asan_init*) ;;
	*_chk@*) ;;
	*) fault "$program" "has no checked copies (_FORTIFY_SOURCE)" ;;
	esac
	[ "$failed" = 1 ] || echo "ok - hardening: $(basename "$program")"
	[ "$before" = 0 ] || failed=1
}

for program in "$build"/gatebook*; do
	[ -f "$program" ] && [ -x "$program" ] || continue
	seen=$((seen + 1))
	judge "$program"
done
if [ "$seen" = 0 ]; then
	echo "skip - hardening: nothing is built in $build; run make first"
fi
exit "$failed"
