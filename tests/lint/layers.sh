#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who may include whom: each folder its own headers and those named here.
set -eu
cd "$(dirname "$0")/../.."
status=0

allowed() {
	case $1 in
	lib) echo lib ;;
	policy) echo policy lib ;;
	logging) echo logging lib ;;
	certs) echo certs policy lib ;;
	proxy) echo proxy policy logging certs lib ;;
	daemon) echo daemon logging lib ;;
	ctl) echo ctl policy logging lib ;;
	esac
}

for folder in lib policy logging certs proxy daemon ctl; do
	[ -d "$folder" ] || continue
	may=$(allowed "$folder" | tr ' ' '|')
	if find "$folder" -name '*.[ch]' \
	    -exec grep -nHE '^#[[:space:]]*include "' {} + |
	    grep -vE "include \"($may)/"; then
		echo "not ok - $folder/ may include only: $(allowed "$folder")"
		status=1
	fi
done
# A test or a tool includes by folder too.
if grep -nE '^#[[:space:]]*include "[^/"]*"' tests/unit/*.c tests/fuzz/*.c \
    /dev/null; then
	echo "not ok - includes name the folder"
	status=1
fi
[ "$status" != 0 ] || echo "ok - layers"
exit "$status"
