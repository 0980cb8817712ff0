/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.c - a plain main for the fuzz targets: feeds each file named to the
 * target once, so that every build replays every corpus without libFuzzer.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *in = fopen(argv[i], "rb");
		uint8_t *data;
		size_t size;

		if (in == NULL) {
			perror(argv[i]);
			return 1;
		}
		data = malloc(1 << 20);
		if (data == NULL)
			return 1;
		size = fread(data, 1, 1 << 20, in);
		(void)fclose(in);
		data = realloc(data, size > 0 ? size : 1); /* exact for ASan */
		(void)LLVMFuzzerTestOneInput(data, size);
		free(data);
	}
	printf("%d inputs replayed\n", argc - 1);
	return 0;
}
