/* SPDX-License-Identifier: ISC
 *
 * The same words are run here and in the room. A word of the one list is looked for in the other.
 */
#include "closed/networks.h"

#include "base/child.h"

enum { TOOL_MS = 2000, TEXT_MAX = 32768, NAMED_MAX = 8 };
#define PARTED " ,\t\r\n"

/* ---- comparing ------------------------------------------------------------------------- */

static bool list_has(struct str list, struct str wanted)
{
	for (struct str word; str_token(&list, PARTED, &word);)
		if (str_eq(word, wanted))
			return true;
	return false;
}

/* The words of one list that the other has not; their number. */
static size_t list_without(struct str list, struct str other, struct buf *text)
{
	const struct str whole = list;
	size_t n = 0;
	for (struct str word; str_token(&list, PARTED, &word);) {
		const struct str before = { whole.p, (size_t)(word.p - whole.p) };
		if (!word.n || list_has(other, word) || list_has(before, word))
			continue;
		if (++n <= NAMED_MAX)
			buf_printf(text, "%s%.*s", n > 1 ? ", " : "", STR_ARG(word));
	}
	if (n > NAMED_MAX)
		buf_printf(text, " and %zu more", n - NAMED_MAX);
	if (n == 0)
		buf_add_cstr(text, "nothing");
	return n;
}

const char *closed_networks_compare(struct str outside, struct str inside, struct arena *a)
{
	struct buf here = { 0 }, there = { 0 };
	size_t n = list_without(outside, inside, &here);
	n += list_without(inside, outside, &there);
	const char *differs = n == 0 ? NULL : arena_printf(a,
		"the server derives other networks in the closed room: only on this machine %s; "
		"only in the room %s", buf_cstr(&here), buf_cstr(&there));
	buf_fini(&here);
	buf_fini(&there);
	return differs;
}

/* ---- asking ------------------------------------------------------------------------------ */

const char *closed_networks_differ(struct closed_room *room, const struct closed_server *server,
                                   const char *config, struct arena *a)
{
	const char *words[CLOSED_WORDS_MAX], *program = closed_server_program(server);
	const char *said = "whether the server derives the same networks in the closed room as on "
	                   "this machine could not be asked";
	struct buf outside = { 0 }, inside = { 0 };
	int status_outside = 0, status_inside = 0;
	if (!server->networks || !program)
		return NULL;
	server->networks(program, config ? config : server->config, words);
	const struct child_order order = { .words = words, .time_ms = TOOL_MS,
	                                   .max_bytes = TEXT_MAX };
	int e = child_run(&order, &outside, &status_outside);
	if (e == ERR_OK)
		e = closed_run(room, words, TOOL_MS, &inside, &status_inside);
	if (e == ERR_OK && status_outside == 0 && status_inside == 0)
		said = closed_networks_compare(buf_str(&outside), buf_str(&inside), a);
	buf_fini(&outside);
	buf_fini(&inside);
	return said;
}
