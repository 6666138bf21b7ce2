/* SPDX-License-Identifier: ISC
 *
 * Runs every file of the directories given through the fuzz target, twice: first each in a
 * process of its own, where no earlier input has initialised anything, then all in this one,
 * where leaks are counted at the end. This is how the corpora are replayed where libFuzzer is not
 * linked in.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends the program if the input does not get through. */
static void run_fresh(const uint8_t *bytes, size_t n, const char *path)
{
	int status = 0;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		LLVMFuzzerTestOneInput(bytes, n);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "replay: %s: failed in a process of its own\n", path);
		exit(1);
	}
}

static int replay(const char *directory, const char *name, bool fresh)
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
	if (fresh)
		run_fresh(exact, n, path);
	else
		LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return 0;
}

/* The inputs of a directory; -1 if it cannot be read. */
static int replay_all(const char *directory, bool fresh)
{
	int runs = 0;
	DIR *d = opendir(directory);
	if (!d) {
		fprintf(stderr, "replay: %s: cannot be opened\n", directory);
		return -1;
	}
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		if (e->d_name[0] != '.' && replay(directory, e->d_name, fresh) == 0)
			runs++;
	closedir(d);
	return runs;
}

int main(int argc, char **argv)
{
	int runs = 0;
	for (int pass = 0; pass < 2; pass++)
		for (int i = 1; i < argc; i++) {
			int n = replay_all(argv[i], pass == 0);
			if (n < 0)
				return 1;
			runs += n;
		}
	printf("%d inputs replayed\n", runs);
	return runs > 0 ? 0 : 1;
}
