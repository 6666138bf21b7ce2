/* SPDX-License-Identifier: ISC
 *
 * The rules are those of catalogue/seen.h, with what only the server itself knows: its addresses.
 */
#include "witness/judge.h"

#include <assert.h>

const char *witness_verdict_name(enum witness_verdict verdict)
{
	static const char *const names[] = {
		[WITNESS_KEPT] = "kept", [WITNESS_LOST] = "lost", [WITNESS_UNSURE] = "unknown",
	};
	assert((size_t)verdict < sizeof(names) / sizeof(*names));
	return names[verdict];
}

/* A tester that has an address of each family knocked by one of them. */
static struct ip known_of(const struct witness_sighting *seen, const struct witness_ends *ends)
{
	unsigned family = seen->said.family ? seen->said.family : seen->as.family;
	for (size_t i = 0; i < ends->known_n; i++)
		if (ip_eq(&ends->known[i], &seen->as))
			return ends->known[i];
	for (size_t i = 0; i < ends->known_n; i++)
		if (ends->known[i].family == family)
			return ends->known[i];
	return (struct ip){ 0 };
}

static bool is_own(const struct ip *ip, const struct witness_ends *ends)
{
	for (size_t i = 0; i < ends->own_n; i++)
		if (ip_eq(ip, &ends->own[i]))
			return true;
	return false;
}

static bool is_lost(const struct ip *as, const struct ip *known, const struct witness_ends *ends)
{
	const struct ip nowhere = { .family = 4 };
	if (seen_counts(as, known, &nowhere) || is_own(as, ends))
		return true;
	for (size_t i = 0; i < ends->own_n; i++)
		if (seen_counts(as, known, &ends->own[i]))
			return true;
	return false;
}

void witness_judge(const struct witness_sighting *seen, const struct witness_ends *ends,
                   struct witness_judged *judged)
{
	struct ip known = known_of(seen, ends);
	struct prefix range;
	struct ip host = { .family = seen->said.family ? seen->said.family : seen->as.family };
	*judged = (struct witness_judged){ .told = { seen->as, known } };
	if (ip_eq(&seen->as, &known))
		judged->verdict = WITNESS_KEPT;
	else if (is_lost(&seen->as, &known, ends))
		judged->verdict = WITNESS_LOST;
	else
		judged->verdict = known.family ? WITNESS_UNSURE : WITNESS_KEPT;
	if (judged->verdict != WITNESS_LOST)
		return;
	if (!seen_range(&seen->as, &range) && is_own(&seen->as, ends))
		host = seen->as;
	judged->cause_n = seen_causes(&judged->told, &host, judged->causes);
	assert(judged->cause_n > 0);
}

void witness_judge_evidence(struct witness_judged *judged, const struct witness_evidence *evidence)
{
	const struct cause *first = cause_by_id(str_of(evidence->cause));
	size_t at = 0;
	assert(judged->verdict == WITNESS_LOST);
	judged->evidence = *evidence;
	if (!first)
		return;
	while (at < judged->cause_n && judged->causes[at] != first)
		at++;
	if (at == judged->cause_n && at < SEEN_CAUSES_MAX)
		judged->cause_n++;
	if (at == SEEN_CAUSES_MAX)
		at--;                   /* the least likely gives way */
	for (; at > 0; at--)
		judged->causes[at] = judged->causes[at - 1];
	judged->causes[0] = first;
}

enum witness_verdict witness_judge_all(const struct witness_sighting *seen, size_t n,
                                       const struct witness_ends *ends)
{
	enum witness_verdict all = n ? WITNESS_KEPT : WITNESS_UNSURE;
	for (size_t i = 0; i < n && all != WITNESS_LOST; i++) {
		struct witness_judged judged;
		witness_judge(&seen[i], ends, &judged);
		if (judged.verdict != WITNESS_KEPT)
			all = judged.verdict;
	}
	return all;
}

void witness_sentence(const struct witness_judged *judged, struct buf *out)
{
	char address[IP_TEXT_MAX], known[IP_TEXT_MAX];
	const struct seen_as *told = &judged->told;
	ip_format(&told->address, address);
	switch (judged->verdict) {
	case WITNESS_KEPT:
		buf_printf(out, "the server saw us as %s: clients arrive by their own addresses",
		           address);
		break;
	case WITNESS_LOST:
		if (told->known.family)
			seen_sentence(told, out);
		else
			buf_printf(out, "the server saw us as %s: unless the tester itself has "
			           "that address, your clients' addresses are lost before "
			           "they reach it",
			           address);
		break;
	case WITNESS_UNSURE:
		buf_printf(out, "the server saw us as %s, not %s: that is a public address, of the "
		           "tester's own network or of something before the server", address,
		           ip_format(&told->known, known));
	}
}

void witness_sighting_json(const struct witness_sighting *seen, const struct witness_judged *judged,
                       struct json *j)
{
	struct buf sentence = { 0 };
	json_open_object(j, NULL);
	json_add_cstr(j, "word", seen->said.word);
	seen_json(&judged->told, j);
	if (seen->said.family) {
		json_add_int(j, "family", seen->said.family);
		json_add_int(j, "port", seen->said.port);
	}
	json_add_cstr(j, "mta", mta_name(seen->mta));
	json_add_cstr_if(j, "logged", seen->time);
	json_add_int(j, "lines", (int64_t)seen->lines);
	json_add_cstr(j, "verdict", witness_verdict_name(judged->verdict));
	witness_sentence(judged, &sentence);
	json_add_str(j, "sentence", buf_str(&sentence));
	json_open_array(j, "causes");
	for (size_t i = 0; i < judged->cause_n; i++)
		json_add_cstr(j, NULL, judged->causes[i]->id);
	json_close(j);
	json_add_cstr_if(j, "evidence", judged->evidence.text);
	json_add_cstr_if(j, "line", judged->evidence.line);
	json_close(j);
	buf_fini(&sentence);
}
