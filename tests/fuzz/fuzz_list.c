/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_list.c - lists as others publish them: any bytes become names, or are
 * counted as left out; the result opens and looks up.
 */
#include "policy/compile.h"

#include <sys/mman.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_options options = POLICY_OPTIONS_INIT;
	int list = memfd_create("list", MFD_CLOEXEC);
	struct policy *policy;
	struct decision d;
	struct facts f;
	char text[256], why[128];
	int fd;

	if (list < 0 || write(list, data, size) != (ssize_t)size)
		abort();
	(void)snprintf(text, sizeof(text), "category c from "
	    "\"/proc/self/fd/%d\"\naccess { audit a { when category c } }",
	    list);
	fd = policy_compile_text("f.policy", text, strlen(text), &options,
	    NULL, NULL);
	if (fd < 0)
		abort();	/* a bad line is left out, never an error */
	policy = policy_open(fd, why, sizeof(why));
	if (policy == NULL)
		abort();
	memset(&f, 0, sizeof(f));
	/* the input itself as a name, so that hits occur */
	f.host.text = (const char *)data;
	f.host.length = size > 253 ? 253 : size;
	for (size_t i = 0; i < f.host.length; i++)
		if (data[i] == '\n') {
			f.host.length = i;
			break;
		}
	fact_set(&f, FACT_HOST);
	policy_decide(policy, &f, &d);
	if (d.by_rule && (d.list_line == 0 ||
	    d.list_entry.length > f.host.length))
		abort();
	policy_close(&policy);
	(void)close(fd);
	(void)close(list);
	return 0;
}
