/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - whether what workers read about names at their start (resolvers,
 * hosts file, trust anchor) says something else by now.  By content and not by
 * time: resolv.conf is often written anew with the same words.
 */
#ifndef DAEMON_NAMES_H
#define DAEMON_NAMES_H

#include "lib/settings.h"

#include <stdbool.h>
#include <stdint.h>

struct names {
	uint64_t loaded;	/* what the workers have read */
	uint64_t seen;		/* at the last look */
};

/* Workers read it now, as it is. */
void names_loaded(struct names *names, const struct settings *settings);
/* Does it say something else now? */
bool names_differ(const struct names *names, const struct settings *settings);
/* The same, once it rests: the same at two looks. */
bool names_changed(struct names *names, const struct settings *settings);

#endif
