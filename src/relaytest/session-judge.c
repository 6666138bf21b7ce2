/* SPDX-License-Identifier: ISC
 *
 * What the plain connection shows: whether the host's policy refuses the plain form, and
 * what to say where a test decides nothing.
 *
 * A refusal shows relay policy if it says so. One that does not say why shows it only beside
 * another answer, on the same connection and to the same sender, for a recipient of the
 * host's own; and one that finds fault with the recipient, only if another was taken.
 *
 * Hostile input that reaches it: the texts of the replies, by way of the results.
 */
#include "relaytest/session-private.h"

#include "relaytest/verdict.h"

enum { REASON_TEXT_MAX = 120, ALIKE_MAX = 512 };

/* ---- the same answer? ------------------------------------------------------------ */

static bool names_one(struct str word)
{
	for (size_t i = 0; i < word.n; i++)
		if (strchr("@<0123456789", word.p[i]))
			return true;
	return false;
}

/* Words without what holds an address or a number: the recipients differ, and so may the ids of
 * what is logged; that is no difference. */
static struct str bare_words(struct str text, char room[static ALIKE_MAX])
{
	size_t n = 0;
	struct str word;
	while (str_token(&text, " \t\n", &word)) {
		if (names_one(word) || n + word.n + 1 > ALIKE_MAX)
			continue;
		memcpy(room + n, word.p, word.n);
		n += word.n;
		room[n++] = ' ';
	}
	return (struct str){ room, n };
}

static bool alike(const struct case_result *a, const struct case_result *b)
{
	char one[ALIKE_MAX], two[ALIKE_MAX];
	return a->code == b->code && strcmp(a->enhanced, b->enhanced) == 0 &&
	       str_caseeq(bare_words(str_of(a->text), one), bare_words(str_of(b->text), two));
}

static bool is_control(const struct item *it)
{
	return it->kind >= ITEM_POSTMASTER && it->kind <= ITEM_NOBODY && it->result.code;
}

/* A recipient of the host's own is told something else than the plain form. */
static bool differs_from_own(const struct session *s, const struct item *plain)
{
	for (size_t i = 0; i < s->item_count; i++) {
		const struct item *it = &s->items[i];
		if (is_control(it) && it->connection == plain->connection &&
		    it->result.stage == STAGE_RCPT && it->result.code != 421 &&
		    !alike(&it->result, &plain->result))
			return true;
	}
	return false;
}

static bool any_taken(const struct session *s)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (is_control(&s->items[i]) && s->items[i].result.code / 100 == 2)
			return true;
	return false;
}

/* A submission service lets in nobody but its own users, not even mail for its postmaster: that
 * it refuses everything and offers a login is how it talks to strangers. */
static bool asks_for_login(const struct session *s)
{
	uint16_t port = s->setup.test->target.port;
	return (port == 587 || port == 465) && s->host.login_offered;
}

/* "530 Must issue a STARTTLS command first" (RFC 3207 4), or words to that effect. */
bool judge_demands_tls(const struct case_result *r)
{
	struct str text = str_of(r->text);
	return r->code >= 400 && (str_casesearch(text, STR("starttls")) != SIZE_MAX ||
	                          str_casesearch(text, STR("encrypt")) != SIZE_MAX ||
	                          (r->code == 530 && str_casesearch(text, STR("tls")) != SIZE_MAX));
}

/* The plain form where the host listens to it. */
static const struct item *plain_item(const struct session *s)
{
	const struct item *it = &s->items[0];
	bool under_tls = judge_demands_tls(&it->result);
	for (size_t i = 0; under_tls && i < s->item_count; i++)
		if (s->items[i].kind == ITEM_FORM && s->items[i].form == s->items[0].form &&
		    s->items[i].starttls && s->items[i].result.attempt == 0 &&
		    s->items[i].result.stage >= STAGE_MAIL)
			it = &s->items[i];
	/* A host that is an MX of our first domain is asked about the second. */
	for (size_t i = 0; s->swapped && i < s->item_count; i++)
		if (s->items[i].kind == ITEM_FORM && s->items[i].result.attempt == 1 &&
		    s->items[i].form == s->items[0].form &&
		    s->items[i].starttls == it->starttls)
			it = &s->items[i];
	return it;
}

bool judge_plain_shut(const struct session *s)
{
	const struct item *plain = plain_item(s);
	const struct case_result *r = &plain->result;
	if (!host_took_part(s) && r->stage < STAGE_MAIL)
		return false;
	if (r->accepted || r->returned || r->stage < STAGE_MAIL)
		return r->bounced > 0 && !r->returned;     /* taken, and not passed on */
	if (!verdict_refused(r) || verdict_refuses_content(r))
		return false;
	/* It took a message for its own domain just before: to us it speaks. */
	if (r->attempt == 1)
		return !refusal_is_identity(r->refusal);
	switch (r->refusal) {
	case REFUSAL_RELAY:
		return true;
	case REFUSAL_UNKNOWN:
		return asks_for_login(s) || differs_from_own(s, plain);
	case REFUSAL_RECIPIENT:
		return asks_for_login(s) || any_taken(s) || differs_from_own(s, plain);
	default:
		return false;
	}
}

/* ---- in words -------------------------------------------------------------------- */

static const char *quoted(struct session *s, const struct case_result *r)
{
	struct buf text = { 0 }, shown = { 0 };
	if (r->code)
		buf_printf(&text, "%d %s%s", r->code, r->enhanced, *r->enhanced ? " " : "");
	struct str words = str_of(r->text);
	buf_add_str(&text, words.n > REASON_TEXT_MAX ? (struct str){ words.p, REASON_TEXT_MAX }
	                                             : words);
	buf_add_escaped(&shown, buf_str(&text));
	const char *out = arena_strdup(&s->arena, buf_str(&shown));
	buf_fini(&text);
	buf_fini(&shown);
	return out;
}

static const char *answer_in_words(struct session *s, const struct case_result *r)
{
	const char *said = quoted(s, r);
	if (r->code == 0)
		return arena_printf(&s->arena, "no answer at %s: %s", stage_name(r->stage), said);
	if (verdict_refused(r) && refusal_is_identity(r->refusal))
		return arena_printf(&s->arena, "refuses us: %s", said);
	if (verdict_refused(r))
		return arena_printf(&s->arena, "does not say why it refuses: %s", said);
	return arena_printf(&s->arena, "puts us off: %s", said);
}

static const char *not_taken_part(struct session *s)
{
	const struct case_result *r = &s->items[0].result;
	if (s->host.standing == HOST_NO_SMTP)
		return "is no mail server: what it says is not SMTP";
	if (r->code / 100 == 5)
		return arena_printf(&s->arena, "refuses us at %s: %s",
		                    r->stage == STAGE_HELO ? "HELO" : "its greeting",
		                    quoted(s, r));
	if (r->code)
		return arena_printf(&s->arena, "puts us off at %s: %s",
		                    r->stage == STAGE_HELO ? "HELO" : "its greeting",
		                    quoted(s, r));
	return arena_printf(&s->arena, "does not talk to us: %s",
	                    *r->text ? quoted(s, r) : "no greeting");
}

static const char *undecided_form(struct session *s)
{
	for (size_t i = 0; i < s->item_count; i++) {
		const struct item *it = &s->items[i];
		if (it->kind == ITEM_FORM && it->result.stage >= STAGE_CONNECT &&
		    verdict_undecided(&it->result))
			return arena_printf(&s->arena, "form %s: %s", it->result.id,
			                    answer_in_words(s, &it->result));
	}
	return NULL;
}

enum test_cause judge_cause(const struct session *s, enum verdict verdict)
{
	if (verdict != VERDICT_UNREACHABLE)
		return CAUSE_NONE;
	return s->last_end ? s->last_cause : CAUSE_NOT_ASKED;
}

const char *judge_reason(struct session *s, enum verdict verdict)
{
	const struct case_result *plain = &plain_item(s)->result;
	const char *form;
	if (verdict == VERDICT_UNREACHABLE)
		return arena_printf(&s->arena, "does not answer: %s",
		                    s->last_end ? s->last_end : "not asked");
	if (verdict != VERDICT_INCONCLUSIVE)
		return "";
	if (s->deaf)
		return s->deaf;
	if (!host_took_part(s) && plain->stage < STAGE_MAIL)
		return not_taken_part(s);
	if (!plain->accepted && !plain->returned && !judge_plain_shut(s) &&
	    plain->stage >= STAGE_MAIL)
		return answer_in_words(s, plain);
	if (s->host.shut_out)
		return arena_printf(&s->arena, "shut us out part of the way: %s", s->host.shut_out);
	if ((form = undecided_form(s)) != NULL)
		return form;
	if (s->host.second_taken)
		return "takes from our second address what it refuses to the first";
	return s->stop_reason ? s->stop_reason : "not all forms were answered";
}
