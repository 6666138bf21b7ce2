/* SPDX-License-Identifier: ISC
 *
 * A line with an entry of a blocklist, one with a template, then what the list gives as its reason:
 * the text of a refusal is one line of printable ASCII, and without the key.
 */
#include "fuzz.h"

#include "gateway/blocklists-judge.h"

#include <stdlib.h>

static void must(bool condition)
{
	if (!condition)
		abort();
}

static struct str line(struct str *rest)
{
	const size_t nl = str_find(*rest, '\n');
	const struct str s = { rest->p, nl == SIZE_MAX ? rest->n : nl };
	*rest = str_from(*rest, nl == SIZE_MAX ? rest->n : nl + 1);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ip client = ip_from_v4(192, 0, 2, 7);
	struct str rest = { (const char *)data, size };
	const struct str entry = line(&rest), text = line(&rest);
	char out[GATEWAY_LISTED_TEXT_MAX];
	struct blocklist_entry e;
	const char *expected = NULL;
	const int err = blocklist_entry_parse(entry, &e, &expected);
	must((err == ERR_OK) == (expected == NULL));
	if (err != ERR_OK)
		return 0;
	must(e.weight > 0 && e.code_count > 0 && e.code_count <= BLOCKLIST_CODES_MAX);
	/* Errors never count, whatever is configured. */
	const struct ip wrong[] = { ip_from_v4(127, 0, 0, 1), ip_from_v4(127, 255, 255, 254),
	                            ip_from_v4(192, 0, 2, 1) };
	must(!blocklist_entry_counts(&e, wrong, 3));
	blocklist_text(text, &client, &e, rest, out);
	for (const char *c = out; *c; c++)
		must(ascii_isprint((unsigned char)*c));
	blocklist_text(STR("{reason}"), &client, &e, rest, out);
	must(!e.key[0] || str_casesearch(str_of(out), str_of(e.key)) == SIZE_MAX ||
	     str_casesearch(STR("no reason given"), str_of(e.key)) != SIZE_MAX);
	(void)blocklist_template_check(text);
	return 0;
}
