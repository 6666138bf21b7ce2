/* SPDX-License-Identifier: ISC
 *
 * What a refusal is about. The rule:
 *
 * 1. Echoes and addresses are cut out (policy-words.c); the rest counts by what it says
 *    (policy-phrases.c). Words come before codes: 5.7.1 is said for everything.
 * 2. Who we are or when we come wins over all else. A server that relays for others can
 *    choose its words, and would say "Relaying denied: your IP is listed" to us alone. So
 *    one word of lists, reputation, bans, a reverse name, HELO, our sender, limits or
 *    greylisting anywhere in the reply makes it that, and so does a sentence of its own that
 *    denies our host ("your IP address is not accepted").
 * 3. Not so where a repaired server says no to relaying and only adds our address ("relaying
 *    denied from your location [192.0.2.1]"), a failed look-up of its name (Sendmail) or a
 *    hint how to log in (cPanel, with its "try again"): that is relay policy.
 * 4. Relaying is denied where a denial stands beside the *act* of relaying in one sentence:
 *    "relaying denied", "not permitted to relay". "Relay" as a host is only named ("use the
 *    relay of your provider", "your relay", "relay server"), whatever is denied beside it.
 * 5. A 5xx is relay policy, too, if it says that the domain is not the server's own, or wants
 *    a login. A 4xx never is: those words come with passing troubles as well.
 * 6. What no phrase knows is unknown.
 */
#include "smtp/policy-private.h"

#include <assert.h>

/* How many words may stand between what belongs together. */
enum { DENIAL_BEFORE = 8, DENIAL_BEHIND = 8, WHOSE_BEFORE = 3, VERB_BEFORE = 3 };

/* What the sentence being read has said. */
struct sentence {
	unsigned tells;
	bool relay_denied;
	/* Words to go in which a thing said still counts for the word "relay". */
	int denies, whose, verb;
	int relaying;            /* … and in which a denial counts for the relaying said */
};

static const char *next_word(const char *word)
{
	assert(word[0] != '\0' && word[0] != ' ');
	return strchr(word, ' ') + 1;
}

/* Is the relaying at this word the act, not a host? */
static bool is_act(const struct sentence *s, unsigned tells, const char *word)
{
	unsigned behind = smtp_policy_tells(next_word(word));
	if (behind & SMTP_TELLS_AWAY)
		return false;
	if (tells & SMTP_TELLS_RELAYING)
		return !(behind & SMTP_TELLS_HOST);
	if (s->verb > 0 || (behind & SMTP_TELLS_ACT))
		return true;
	return s->whose == 0 &&
	       !(behind & (SMTP_TELLS_HOST | SMTP_TELLS_NAME | SMTP_TELLS_ADDRESS));
}

static int counted(int count, bool again, int from)
{
	return again ? from : count > 0 ? count - 1 : 0;
}

static void read_word(struct sentence *s, unsigned tells, const char *word)
{
	if (tells & SMTP_TELLS_BREAK)
		s->denies = s->relaying = 0;
	bool act = (tells & (SMTP_TELLS_RELAY | SMTP_TELLS_RELAYING)) && is_act(s, tells, word);
	if ((act && s->denies > 0) || (s->relaying > 0 && (tells & SMTP_TELLS_DENIED)) ||
	    ((tells & SMTP_TELLS_NO_RELAY) && !(s->tells & SMTP_TELLS_US)))
		s->relay_denied = true;
	s->relaying = counted(s->relaying, act, DENIAL_BEHIND);
	s->denies = counted(s->denies, tells & SMTP_TELLS_DENIES, DENIAL_BEFORE);
	s->whose = counted(s->whose, tells & SMTP_TELLS_WHOSE, WHOSE_BEFORE);
	s->verb = counted(s->verb, tells & SMTP_TELLS_VERB, VERB_BEFORE);
	s->tells |= tells;
	assert(s->relaying >= 0 && s->relaying <= DENIAL_BEHIND);
	assert(s->denies >= 0 && s->denies <= DENIAL_BEFORE);
	assert(s->whose >= 0 && s->whose <= WHOSE_BEFORE);
	assert(s->verb >= 0 && s->verb <= VERB_BEFORE);
}

/* What the sentence adds to the reply. Who is denied counts unless relaying is denied to them,
 * or they are told to log in. */
static unsigned finish(struct sentence *s)
{
	const unsigned us = SMTP_TELLS_US | SMTP_TELLS_OUR_NAME | SMTP_TELLS_OUR_SENDER |
	                    SMTP_TELLS_ADDRESS;
	unsigned told = s->tells & ~(us | (unsigned)SMTP_TELLS_NO_RELAY);
	if (s->relay_denied)
		told |= SMTP_TELLS_NO_RELAY;
	else if (told & (SMTP_TELLS_DENIED | SMTP_TELLS_DENIES))
		told |= s->tells & us;
	if (told & SMTP_TELLS_LOGIN)
		told &= ~(unsigned)(SMTP_TELLS_US | SMTP_TELLS_ADDRESS);
	if (told & SMTP_TELLS_HELP)
		told &= ~(unsigned)SMTP_TELLS_PROVIDER;
	/* "Your domain is not local here" is said of ours. */
	if (s->tells & (SMTP_TELLS_US | SMTP_TELLS_OUR_SENDER))
		told &= ~(unsigned)SMTP_TELLS_NOT_OURS;
	assert((told & ~(unsigned)SMTP_TELLS_NO_RELAY & ~s->tells) == 0);
	*s = (struct sentence){ 0 };
	return told;
}

static unsigned told_by(const struct smtp_policy_words *words)
{
	struct sentence s = { 0 };
	unsigned told = 0;
	assert(words->text[0] == ' ' && words->text[words->n - 1] == ' ');
	for (const char *word = words->text + 1; word[0]; word = next_word(word)) {
		if (word[0] == '.')
			told |= finish(&s);
		else
			read_word(&s, smtp_policy_tells(word), word);
	}
	return told | finish(&s);
}

/* ---- codes ---- */

/* x.subject.detail of RFC 3463 as one number, 701 of "5.7.1"; 0 if there is none. */
static int status_of(const char *status)
{
	int subject = 0, detail = 0;
	if (strlen(status) < 5)
		return 0;
	for (const char *p = status + 2; *p; p++) {
		if (*p == '.')
			subject = detail, detail = 0;
		else
			detail = detail * 10 + (*p - '0');
	}
	assert(subject >= 0 && subject < 1000000 && detail >= 0);
	return subject * 1000 + detail;
}

static const struct meaning {
	int status;
	enum refusal refusal;
} meanings[] = {
	/* RFC 3463, 7372, 7505; mail systems' own. Identity first: it wins over words. */
	{ 1007, REFUSAL_SENDER }, { 1008, REFUSAL_SENDER },
	{ 7020, REFUSAL_SENDER }, { 7021, REFUSAL_SENDER }, { 7022, REFUSAL_SENDER },
	{ 7023, REFUSAL_SENDER }, { 7024, REFUSAL_SENDER }, { 7026, REFUSAL_SENDER },
	{ 7027, REFUSAL_SENDER }, { 7025, REFUSAL_CLIENT }, { 7028, REFUSAL_TIME },
	/* Exchange: no relay for strangers, no login, no tenant's address */
	{ 7054, REFUSAL_RELAY }, { 7057, REFUSAL_RELAY }, { 7064, REFUSAL_RELAY },
	{ 1000, REFUSAL_RECIPIENT }, { 1001, REFUSAL_RECIPIENT }, { 1002, REFUSAL_RECIPIENT },
	{ 1003, REFUSAL_RECIPIENT }, { 1004, REFUSAL_RECIPIENT }, { 1006, REFUSAL_RECIPIENT },
	{ 1010, REFUSAL_RECIPIENT }, { 2001, REFUSAL_RECIPIENT }, { 2004, REFUSAL_RECIPIENT },
	{ 4001, REFUSAL_RECIPIENT }, { 4004, REFUSAL_RECIPIENT },
};

static enum refusal meaning_of(int status)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
		if (meanings[i].status == status)
			return meanings[i].refusal;
	return REFUSAL_UNKNOWN;
}

/* A 4xx whose codes speak of the server's own trouble: x.2 mailbox, x.3 system, x.4 network;
 * without them 451 and 452 mean just that. */
static bool is_trouble(int code, int status)
{
	assert(code >= 400);
	if (code >= 500)
		return false;
	if (status == 0)
		return code == 421 || code == 451 || code == 452;
	return code == 421 || (status >= 2000 && status < 5000);
}

/* ---- the verdict ---- */

static enum refusal by_identity(unsigned told, enum refusal meant)
{
	if (told & SMTP_TELLS_GREYLIST)
		return REFUSAL_TIME;
	if (told & SMTP_TELLS_SENDER)
		return REFUSAL_SENDER;
	if (told & SMTP_TELLS_HELO)
		return REFUSAL_HELO;
	if (told & (SMTP_TELLS_CLIENT | SMTP_TELLS_PROVIDER))
		return REFUSAL_CLIENT;
	return refusal_is_identity(meant) ? meant : REFUSAL_UNKNOWN;
}

/* Who is denied in a sentence of its own. */
static enum refusal by_subject(unsigned told)
{
	if (told & SMTP_TELLS_OUR_NAME)
		return REFUSAL_HELO;
	if (told & SMTP_TELLS_US)
		return REFUSAL_CLIENT;
	return told & SMTP_TELLS_OUR_SENDER ? REFUSAL_SENDER : REFUSAL_UNKNOWN;
}

/* A submission server that is shut to all who have not logged in. */
static bool is_submission(const struct smtp_asked *asked)
{
	return asked->login_offered && (asked->port == 587 || asked->port == 465);
}

static bool wants_login(int code, unsigned told)
{
	return (told & SMTP_TELLS_LOGIN) || (code == 530 && !(told & SMTP_TELLS_TLS));
}

static bool is_relay_policy(int code, unsigned told, enum refusal meant)
{
	if (told & SMTP_TELLS_NO_RELAY)
		return true;
	/* 551: "user not local" (RFC 5321) */
	return code >= 500 && (wants_login(code, told) || (told & SMTP_TELLS_NOT_OURS) ||
	                       code == 551 || meant == REFUSAL_RELAY);
}

static enum refusal by_rest(int code, int status, unsigned told, enum refusal meant)
{
	if (told & SMTP_TELLS_LOOKUP)
		return REFUSAL_CLIENT;
	if (told & SMTP_TELLS_RECIPIENT)
		return REFUSAL_RECIPIENT;
	if (told & SMTP_TELLS_ADDRESS)
		return REFUSAL_CLIENT;
	if (is_trouble(code, status))
		return REFUSAL_TIME;
	return meant == REFUSAL_RECIPIENT ? meant : REFUSAL_UNKNOWN;
}

enum refusal smtp_refusal(const struct smtp_reply *reply, const struct smtp_asked *asked)
{
	struct smtp_policy_words words;
	int code = reply->code;
	if (code < 400)
		return REFUSAL_NONE;
	smtp_policy_words(reply->text, asked, &words);
	unsigned told = told_by(&words);
	int status = status_of(reply->enhanced[0] ? reply->enhanced : words.status);
	enum refusal meant = meaning_of(status);
	enum refusal identity = by_identity(told, meant);
	if (identity != REFUSAL_UNKNOWN)
		return identity;
	assert(!refusal_is_identity(meant) && code <= 599);
	bool relay = is_relay_policy(code, told, meant);
	if ((told & SMTP_TELLS_LATER) && !(code >= 500 && relay && (told & SMTP_TELLS_LOGIN)))
		return REFUSAL_TIME;
	if ((told & SMTP_TELLS_SHUT) && code >= 500 && is_submission(asked))
		return REFUSAL_RELAY;
	identity = by_subject(told);
	if (identity != REFUSAL_UNKNOWN)
		return identity;
	return relay ? REFUSAL_RELAY : by_rest(code, status, told, meant);
}
