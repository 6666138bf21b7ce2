/* SPDX-License-Identifier: ISC
 *
 * From answers to an outcome and its text.
 */
#include "gateway/blocklists-judge.h"

#include <assert.h>

enum blocklist_case blocklist_settle(const struct blocklist_vote *votes, size_t n, int threshold,
                                     int *weight)
{
	int sure = 0, possible = 0;
	bool allow_pending = false;
	assert(threshold > 0);
	for (size_t i = 0; i < n; i++) {
		const struct blocklist_vote *v = &votes[i];
		assert(v->weight > 0);
		if (v->allows && v->said == BLOCKLIST_YES) {
			*weight = 0;
			return BLOCKLIST_ALLOWED;
		}
		if (v->allows)
			allow_pending |= v->said == BLOCKLIST_PENDING;
		else if (v->said == BLOCKLIST_YES)
			sure += v->weight;
		else if (v->said == BLOCKLIST_PENDING)
			possible += v->weight;
	}
	*weight = sure;
	if (sure + possible < threshold)
		return BLOCKLIST_CLEAR;
	return sure < threshold || allow_pending ? BLOCKLIST_OPEN : BLOCKLIST_LISTED;
}

size_t blocklist_spokesman(const struct blocklist_vote *votes, size_t n)
{
	size_t best = n;
	for (size_t i = 0; i < n; i++)
		if (!votes[i].allows && votes[i].said == BLOCKLIST_YES &&
		    (best == n || votes[i].weight > votes[best].weight))
			best = i;
	return best;
}

bool blocklist_asks_about(const struct ip *client)
{
	static const struct prefix inside[] = {
		{ { 4, { 10 } }, 8 }, { { 4, { 172, 16 } }, 12 }, { { 4, { 192, 168 } }, 16 },
		{ { 4, { 100, 64 } }, 10 }, { { 4, { 169, 254 } }, 16 },
		{ { 6, { 0xfc } }, 7 }, { { 6, { 0xfe, 0x80 } }, 10 },
	};
	if (client->family == 0 || ip_is_loopback(client) || ip_is_unspecified(client))
		return false;
	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++)
		if (prefix_contains(&inside[i], client))
			return false;
	return true;
}

/* ---- the text ---------------------------------------------------------------------------- */

static const struct str places[] = { { "{address}", 9 }, { "{list}", 6 }, { "{reason}", 8 } };
enum { PLACES = sizeof(places) / sizeof(*places) };

/* Which one the text begins with; PLACES: none. */
static size_t place_at(struct str text)
{
	size_t i = 0;
	while (i < PLACES && !str_prefix(text, places[i]))
		i++;
	return i;
}

const char *blocklist_template_check(struct str text)
{
	if (text.n == 0 || text.n > BLOCKLIST_TEMPLATE_MAX)
		return "a text of 1 to 400 characters";
	for (size_t i = 0; i < text.n; i++) {
		if (!ascii_isprint((unsigned char)text.p[i]))
			return "printable ASCII, as SMTP has it";
		if (text.p[i] == '{' && place_at(str_from(text, i)) == PLACES)
			return "no other braces than {address}, {list} and {reason}";
	}
	return NULL;
}

static void add_printable(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n && out->n < GATEWAY_LISTED_TEXT_MAX; i++) {
		const unsigned char c = (unsigned char)s.p[i];
		buf_add_byte(out, ascii_isprint(c) ? s.p[i] : c < 0x20 || c == 0x7f ? ' ' : '?');
	}
}

static void add_reason(struct str reason, struct str key, struct buf *out)
{
	reason = str_trim(reason);
	if (reason.n == 0)
		reason = STR("no reason given");
	while (reason.n > 0) {
		const size_t at = key.n > 0 ? str_casesearch(reason, key) : SIZE_MAX;
		add_printable((struct str){ reason.p, at == SIZE_MAX ? reason.n : at }, out);
		if (at != SIZE_MAX)
			add_printable(STR("***"), out);
		reason = str_from(reason, at == SIZE_MAX ? reason.n : at + key.n);
	}
}

void blocklist_text(struct str text, const struct ip *address, const struct blocklist_entry *list,
                    struct str reason, char out[static GATEWAY_LISTED_TEXT_MAX])
{
	char ip[IP_TEXT_MAX];
	struct buf line = { 0 };
	while (text.n > 0 && line.n < GATEWAY_LISTED_TEXT_MAX) {
		const size_t place = place_at(text);
		if (place == 0)
			add_printable(str_of(ip_format(address, ip)), &line);
		else if (place == 1)
			add_printable(str_of(list->zone), &line);
		else if (place == 2)
			add_reason(reason, str_of(list->key), &line);
		else
			add_printable((struct str){ text.p, 1 }, &line);
		text = str_from(text, place < PLACES ? places[place].n : 1);
	}
	str_copy(out, GATEWAY_LISTED_TEXT_MAX, buf_str(&line));
	buf_fini(&line);
}
