/* SPDX-License-Identifier: ISC
 *
 * What is said of an invariant that does not hold.
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const struct law *law_named(const char *name)
{
	for (unsigned i = 0; i < law_n; i++)
		if (strcmp(laws[i].name, name) == 0)
			return &laws[i];
	abort();
}

void world_broken(const char *name, const char *fmt, ...)
{
	const struct law *law = law_named(name);
	struct buf why = { 0 };
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&why, fmt, ap);
	va_end(ap);
	trace("BROKEN %s: %s", law->name, buf_cstr(&why));
	trace_print_tail();
	fprintf(stderr, "\nworld: seed %llu, step %llu: \"%s\" does not hold: %s\n  %s\n",
	        (unsigned long long)world.seed, (unsigned long long)world.steps, law->name,
	        law->sentence, buf_cstr(&why));
	exit(EXIT_FAILURE);
}
