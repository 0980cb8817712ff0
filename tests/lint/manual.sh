#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manual pages are well formed, and gatebook(1) names every subcommand.
# (Whether proxy.conf(5) agrees with the table is for settings.sh.)
set -eu
cd "$(dirname "$0")/../.."
status=0

for page in docs/man/*.[1-8]; do
	if mandoc -T lint -W warning "$page"; then :; else
		echo "not ok - $page"
		status=1
	fi
done
for name in $(sed -n 's/^.*ctl_command command_[a-z_]* = { "\([^"]*\)".*/\1/p' \
    ctl/*.c | tr ' ' '_'); do
	name=$(echo "$name" | tr '_' ' ')
	if ! grep -q "^\.Cm $name\$" docs/man/gatebook.1 ||
	    ! grep -q "^\.It Cm $name\$" docs/man/gatebook.1; then
		echo "not ok - docs/man/gatebook.1 lacks the command $name"
		status=1
	fi
done
[ "$status" != 0 ] || echo "ok - manual"
exit "$status"
