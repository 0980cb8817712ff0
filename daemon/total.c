/* SPDX-License-Identifier: Apache-2.0 */
/* total.c - the sum of all counters of a page. */
#include "daemon/status.h"

#include <string.h>

void
stats_total(const struct stats_page *page, struct stats *total)
{
	memset(total, 0, sizeof(*total));
	for (uint32_t i = 0; i < STATS_SLOTS; i++) {
		const struct stats *slot = &page->slot[i];

		if (atomic_load(&slot->kind) == STATS_UNUSED)
			continue;
#define STAT(field, kind, name, sentence) \
		stats_add(&total->field, atomic_load(&slot->field));
		STATS_TABLE(STAT)
#undef STAT
		for (size_t j = 0; j < STATS_BUCKETS; j++)
			stats_add(&total->latency[j],
			    atomic_load(&slot->latency[j]));
		stats_add(&total->latency_us, atomic_load(&slot->latency_us));
	}
}
