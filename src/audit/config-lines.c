/* SPDX-License-Identifier: ISC
 *
 * The lines of an answer, each once; a default is written as the line that it would be.
 */
#include "audit/config-private.h"

#include <assert.h>

void audit_why_add(struct audit_why *why, struct arena *a, const char *parameter,
                   const struct audit_place *place)
{
	struct audit_line line = { parameter ? parameter : "", *place };
	line.place.file = place->file ? place->file : "";
	line.place.text = place->text ? place->text : "";
	if (line.place.line == 0 && !line.place.file[0])
		line.place.text = arena_printf(a, "%.*s (default)", STR_ARG(str_trim(str_of(
			*line.place.text ? line.place.text : line.parameter))));
	for (size_t i = 0; i < why->by_n; i++)
		if (audit_place_is(&why->by[i].place, &line.place))
			return;
	if (why->by_n == AUDIT_BECAUSE_MAX)
		why->by_n--;
	why->by[why->by_n++] = line;
	assert(why->by_n <= AUDIT_BECAUSE_MAX);
}
