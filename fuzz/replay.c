/* SPDX-License-Identifier: ISC
 *
 * Runs every file of the directories given through the fuzz target, once. This is how
 * the corpora are replayed where libFuzzer is not linked in.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int replay(const char *directory, const char *name)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE *f = fopen(path, "rb");
	if (!f)
		return -1;
	static uint8_t bytes[1 << 20];
	size_t n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	/* An exact heap copy, so that ASan sees a read one past the end. */
	uint8_t *exact = malloc(n ? n : 1);
	if (!exact)
		return -1;
	memcpy(exact, bytes, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return 0;
}

int main(int argc, char **argv)
{
	int runs = 0;
	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		if (!d) {
			fprintf(stderr, "replay: %s: cannot be opened\n", argv[i]);
			return 1;
		}
		for (struct dirent *e; (e = readdir(d)) != NULL;)
			if (e->d_name[0] != '.' && replay(argv[i], e->d_name) == 0)
				runs++;
		closedir(d);
	}
	printf("%d inputs replayed\n", runs);
	return runs > 0 ? 0 : 1;
}
