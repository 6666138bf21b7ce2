/* SPDX-License-Identifier: ISC
 *
 * The sections of the page, in the order in which they answer: whether it may be believed, what
 * was found, why, what was said, which way the message took, what came back, how to check it,
 * how long it stays, and all that was said.
 *
 * Hostile input that reaches it: the payload. Any member may be missing or of another type; no
 * text of it is taken for a command that is not of the one known form.
 */
#include "proof/evidence-page.h"

#include "proof/evidence-words.h"

#include "base/clock.h"
#include "base/shown.h"
#include "catalogue/explain.h"

#include <assert.h>

enum {
	MARK_PROOF = 1, MARK_CONFIRMATION = 2,
	VALUE_MAX = 400, HEADER_LINES_MAX = 200, TOKEN_MAX = 64,
};

struct maker {
	const struct evidence_reading *reading;
	struct arena *arena;
	struct page *page;
	const json_t *proof, *confirmation;  /* of the returns; NULL: there is none */
	struct str form;                     /* whose name decided; "" */
	struct transcript said;
	bool has_exchange;
};

/* ---- members ------------------------------------------------------------------------- */

static struct str text_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	return (struct str){ json_is_string(value) ? json_string_value(value) : "",
	                     json_string_length(value) };
}

static struct str member(const struct maker *m, const char *key)
{
	return text_of(m->reading->payload, key);
}

/* What is longer is none of ours; and it is searched for in every line. */
static struct str token_of(const json_t *object)
{
	struct str token = text_of(object, "token");
	return token.n <= TOKEN_MAX ? token : (struct str){ "", 0 };
}

static int64_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* For a sentence: never empty, never long. */
static const char *named(struct maker *m, struct str text)
{
	if (text.n == 0)
		return "(not said)";
	struct str cut = shown_cut(text, VALUE_MAX);
	return arena_printf(m->arena, "%.*s%s", STR_ARG(cut), cut.n < text.n ? "..." : "");
}

/* "2026-11-21 21:09:19 UTC"; what is no time as it stands. */
static const char *time_text(struct maker *m, struct str text)
{
	int64_t time_s;
	char iso[CLOCK_TEXT_MAX];
	if (clock_parse(text, &time_s, NULL) != ERR_OK)
		return named(m, text);
	clock_format(time_s, iso);
	return arena_printf(m->arena, "%.10s %.8s UTC", iso, iso + strlen("2026-11-21T"));
}

static const char *ms_text(struct maker *m, int64_t ms)
{
	if (ms < 0)
		return "";
	return arena_printf(m->arena, "+%lld.%03lld", (long long)(ms / 1000),
	                    (long long)(ms % 1000));
}

/* ---- what is proved by what ------------------------------------------------------------ */

static bool is_return(const json_t *r, const char *kind, int64_t attempt)
{
	return json_is_object(r) && str_eq(text_of(r, "kind"), str_of(kind)) &&
	       number_of(r, "attempt") == attempt;
}

/* The first of a kind; with a form's name, of that form. */
static const json_t *find_return(const struct maker *m, const char *kind, int64_t attempt,
                                 struct str form)
{
	size_t i;
	json_t *r;
	json_array_foreach(json_object_get(m->reading->payload, "returns"), i, r)
		if (is_return(r, kind, attempt) &&
		    (form.n == 0 || str_eq(text_of(r, "case"), form)))
			return r;
	return NULL;
}

static struct str find_accepted(const struct maker *m)
{
	size_t i;
	json_t *c;
	json_array_foreach(json_object_get(m->reading->payload, "cases"), i, c)
		if (json_is_true(json_object_get(c, "accepted")))
			return text_of(c, "id");
	return (struct str){ "", 0 };
}

/* A form that was confirmed is the one that decided; else the first that came back. */
static void find_proof(struct maker *m)
{
	m->form = (struct str){ "", 0 };
	m->confirmation = find_return(m, "recipient", 1, m->form);
	if (m->confirmation)
		m->form = text_of(m->confirmation, "case");
	m->proof = find_return(m, "recipient", 0, m->form);
	if (!m->proof && !m->confirmation)
		m->proof = find_return(m, "sender", 0, m->form);
	if (m->proof)
		m->form = text_of(m->proof, "case");
	else if (!m->confirmation)
		m->form = find_accepted(m);
}

static void find_exchange(struct maker *m)
{
	transcript_read(member(m, "transcript"), m->arena, &m->said);
	struct str token = m->proof ? token_of(m->proof) : (struct str){ "", 0 };
	if (m->proof && token.n)
		m->has_exchange = transcript_mark(&m->said, token, MARK_PROOF);
	else if (!m->proof && !m->confirmation)
		m->has_exchange = transcript_mark(&m->said, token, MARK_PROOF);
	if (m->confirmation && token_of(m->confirmation).n)
		transcript_mark(&m->said, token_of(m->confirmation), MARK_CONFIRMATION);
}

/* ---- sections -------------------------------------------------------------------------- */

static void add_banner(struct maker *m)
{
	const struct evidence_reading *r = m->reading;
	switch (r->check) {
	case EVIDENCE_GOOD:
		page_banner(m->page, PAGE_GOOD, "The signature is good: nothing below was changed "
		            "since \"%s\" signed it.", named(m, member(m, "operator")));
		break;
	case EVIDENCE_UNCHECKED:
		page_banner(m->page, PAGE_WARNING, "THE SIGNATURE WAS NOT CHECKED: %s. Anybody can "
		            "have written what stands below.", r->why);
		break;
	case EVIDENCE_BAD:
		page_banner(m->page, PAGE_BAD, "DO NOT RELY ON THIS: %s. What stands below was "
		            "damaged or forged, and proves nothing.", r->why);
		break;
	}
}

static void add_summary(struct maker *m)
{
	struct str verdict = member(m, "verdict");
	const char *name = evidence_verdict_name(verdict);
	const char *meaning = evidence_verdict_text(verdict);
	const char *ground = evidence_consent_text(member(m, "consent"));
	double seconds = json_number_value(json_object_get(m->reading->payload, "seconds"));
	page_heading(m->page, "What was found");
	page_fact(m->page, "Tested", "%s, port %lld", named(m, member(m, "address")),
	          (long long)number_of(m->reading->payload, "port"));
	page_fact(m->page, "Verdict", "%s%s%s%s", named(m, verdict), name ? " (" : "",
	          name ? name : "", name ? ")" : "");
	page_fact(m->page, "Tested on", "%s, for %.1f seconds",
	          time_text(m, member(m, "started")), seconds);
	page_fact(m->page, "Tested by", "%s", named(m, member(m, "operator")));
	page_fact(m->page, "Contact", "%s", named(m, member(m, "contact")));
	page_fact(m->page, "Ground", "%s", ground ? ground : named(m, member(m, "consent")));
	page_fact(m->page, "Test", "%s", named(m, member(m, "test")));
	page_text(m->page, "%s", meaning ? meaning :
	          "This version does not know that verdict.");
}

static void add_template(struct maker *m, const char *command, const char *pattern)
{
	static const struct relay_names names = {
		.u = STR("RECIPIENT"), .s = STR("SENDER"), .d = STR("collector-domain"),
		.t = STR("other-collector-domain"), .r = STR("this-server"),
		.m = STR("its-mail-domain"), .i = STR("[its-address]"),
		.c = STR("collector-address"), .cl = STR("[collector-address]"),
	};
	struct buf line = { 0 };
	const char *missing;
	buf_add_cstr(&line, command);
	int e = relay_render(pattern, &names, &line, &missing);
	assert(e == ERR_OK);                 /* all names are known */
	page_add(m->page, PAGE_VERBATIM, PAGE_PLAIN, STR(""), buf_str(&line), STR(""));
	buf_fini(&line);
}

static void add_command(struct maker *m, const char *text, const char *note)
{
	page_add(m->page, PAGE_COMMAND, PAGE_PLAIN, STR(""), str_of(text), str_of(note));
}

/* Why it is open, as far as the form tells, in the words of what it seems to be. */
static void add_causes(struct maker *m, const struct explanation *e)
{
	const struct cause *first = e->causes[0];
	const struct cause_words *words = cause_words_of(first, e->mta);
	char name[RELAY_NAME_MAX];
	page_fact(m->page, "Likely cause", "%s: %s. %s", first->id, first->title,
	          first->meaning);
	if (words && words->parameter)
		page_fact(m->page, mta_title(e->mta), "%s (that it is %s is a guess by its %s)",
		          words->parameter, mta_title(e->mta),
		          e->by_line ? "Received line" : "greeting");
	for (size_t i = 1; i < e->n; i++)
		page_fact(m->page, i == 1 ? "Also possible" : "", "%s: %s", e->causes[i]->id,
		          e->causes[i]->title);
	relay_form_name(&e->form, name);
	add_command(m, arena_printf(m->arena, "portreeve explain %s%s%s", name,
	                            e->mta == MTA_UNKNOWN ? "" : " --mta ", mta_name(e->mta)),
	            "says how to close it");
}

static struct ip address_of(const struct maker *m, const char *key)
{
	struct ip ip;
	return ip_parse(member(m, key), &ip, NULL) == ERR_OK ? ip : (struct ip){ 0 };
}

/* By which address the server saw the tester, and what that means. */
static void add_seen(struct maker *m, const struct seen_as *seen)
{
	char address[IP_TEXT_MAX], prefix[PREFIX_TEXT_MAX];
	struct prefix range;
	struct buf sentence = { 0 };
	const char *who = seen_range(&seen->address, &range);
	seen_sentence(seen, &sentence);
	page_text(m->page, "By its own Received line, which stands in the header below, %s.",
	          buf_cstr(&sentence));
	if (who)
		page_text(m->page, "%s is of %s, %s.", ip_format(&seen->address, address),
		          prefix_format(&range, prefix), who);
	buf_fini(&sentence);
}

static void add_why_open(struct maker *m)
{
	const char *name = named(m, m->form);
	const struct seen_as seen = { address_of(m, "seen_as"), address_of(m, "known_as") };
	struct ip host = address_of(m, "address");
	enum mta greets = mta_of_transcript(member(m, "transcript")), writes = MTA_UNKNOWN;
	struct explanation why;
	(void)mta_parse(member(m, "mta"), &writes);
	if (!str_eq(member(m, "verdict"), STR("open")) ||
	    explain_server(&name, 1, greets, writes, &why) != ERR_OK)
		return;
	if (seen.address.family)
		add_seen(m, &seen);
	explain_seen(&why, &seen, &host);
	add_causes(m, &why);
}

static void add_form(struct maker *m)
{
	struct relay_form form;
	if (m->form.n == 0)
		return;
	page_heading(m->page, "Why");
	if (relay_form_parse(m->form, &form) != ERR_OK) {
		page_text(m->page, "By the form \"%s\", which this version does not know.",
		          named(m, m->form));
		return;
	}
	const struct form_reasons *reasons = form_reasons_of(form.row);
	page_fact(m->page, "Form", "%s%s: %s", named(m, m->form),
	          form.starttls ? ", under STARTTLS" : "", reasons->title);
	page_text(m->page, "%s", reasons->meaning);
	const char *session = evidence_session_text(form.row->session);
	if (session)
		page_text(m->page, "%s", session);
	page_text(m->page, "The envelope of that form:");
	add_template(m, "MAIL FROM:", form.row->mail);
	add_template(m, "RCPT TO:", form.row->rcpt);
	add_why_open(m);
}

static void add_said(struct maker *m, const struct transcript_line *l)
{
	bool ours = l->who == TRANSCRIPT_WE;
	const char *note = ours ? evidence_said_text(l->step)
	                        : evidence_answer_text(l->step, l->code);
	const char *label = arena_printf(m->arena, "%s %s:", ms_text(m, l->ms), ours ? "we" : "it");
	page_add(m->page, PAGE_WIRE, ours ? PAGE_PLAIN : PAGE_STRONG, str_of(label), l->text,
	         str_of(note ? note : ""));
}

static void add_marked(struct maker *m, unsigned mark)
{
	for (size_t i = 0; i < m->said.n; i++)
		if (m->said.lines[i].marks & mark)
			add_said(m, &m->said.lines[i]);
}

static void add_exchange(struct maker *m)
{
	if (!m->has_exchange)
		return;
	page_heading(m->page, "What was said");
	page_text(m->page, "The tester is \"we\", the tested server is \"it\"; the times are "
	          "seconds since the session began.");
	add_marked(m, MARK_PROOF);
}

static void add_step(struct maker *m, enum page_tone tone, const char *label, const char *text,
                     const char *note)
{
	page_add(m->page, PAGE_STEP, tone, str_of(label), str_of(text), str_of(note));
}

/* When the tested server took the message. */
static const char *taken_text(struct maker *m)
{
	for (size_t i = 0; i < m->said.n; i++) {
		const struct transcript_line *l = &m->said.lines[i];
		if (l->marks & MARK_PROOF && l->step == TRANSCRIPT_END && l->code / 100 == 2)
			return arena_printf(m->arena, "took the message %s s into the session",
			                    ms_text(m, l->ms));
	}
	return "was given the message";
}

/* "returns.example" of "<token@returns.example>". */
static const char *domain_text(struct maker *m, struct str path)
{
	size_t at = path.n;
	while (at && path.p[at - 1] != '@')
		at--;
	struct str domain = str_from(path, at);
	while (domain.n && strchr("> \r\n", domain.p[domain.n - 1]))
		domain.n--;
	return named(m, domain);
}

static void add_way(struct maker *m)
{
	const json_t *r = m->proof;
	if (!r)
		return;
	struct str peer = text_of(r, "peer"), address = member(m, "address");
	bool bounced = str_eq(text_of(r, "kind"), STR("sender"));
	const char *did = bounced ? "bounced it to the forged sender" : "delivered it";
	page_heading(m->page, "The way that the message took");
	add_step(m, PAGE_PLAIN, "Tester", named(m, member(m, "operator")),
	         arena_printf(m->arena, "began %s", time_text(m, member(m, "started"))));
	add_step(m, PAGE_BAD, "Input",
	         arena_printf(m->arena, "%s port %lld", named(m, address),
	                      (long long)number_of(m->reading->payload, "port")), taken_text(m));
	add_step(m, PAGE_BAD, "Output", named(m, peer),
	         arena_printf(m->arena, "%s%s", did,
	                      str_eq(peer, address) ? "; it is the same host" : ""));
	add_step(m, PAGE_PLAIN, "Collector", domain_text(m, text_of(r, "rcpt_to")),
	         arena_printf(m->arena, "received it %s", time_text(m, text_of(r, "time"))));
	page_text(m->page, "The token in its envelope, %s, was made for this test, form, address "
	          "and port alone, with a secret key: nobody else can make one.",
	          named(m, text_of(r, "token")));
}

static void add_header(struct maker *m, struct str message, struct str token)
{
	size_t lines = 0;
	while (message.n) {
		size_t end = str_find(message, '\n');
		struct str line = { message.p, end == SIZE_MAX ? message.n : end };
		message = str_from(message, end == SIZE_MAX ? message.n : end + 1);
		while (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (line.n == 0)
			return;
		if (++lines > HEADER_LINES_MAX) {
			page_text(m->page, "More lines of the header are left out here.");
			return;
		}
		bool ours = token.n && str_casesearch(line, token) != SIZE_MAX;
		page_add(m->page, PAGE_VERBATIM, ours ? PAGE_STRONG : PAGE_PLAIN, STR(""), line,
		         STR(""));
	}
}

static void add_return(struct maker *m, const json_t *r)
{
	page_fact(m->page, "Came", "%s", time_text(m, text_of(r, "time")));
	page_fact(m->page, "From", "%s, which called itself \"%s\"", named(m, text_of(r, "peer")),
	          named(m, text_of(r, "helo")));
	page_fact(m->page, "Sender", "%s", named(m, text_of(r, "mail_from")));
	page_fact(m->page, "Recipient", "%s", named(m, text_of(r, "rcpt_to")));
	page_fact(m->page, "Mark", "%s", json_is_true(json_object_get(r, "marked")) ?
	          "the secret word of our message was in it" :
	          "the secret word of our message was not found in it");
	page_fact(m->page, "SHA-256", "%s (of the whole message, as it came)",
	          named(m, text_of(r, "message_sha256")));
}

static void add_what_came_back(struct maker *m)
{
	const json_t *r = m->proof ? m->proof : m->confirmation;
	size_t all = json_array_size(json_object_get(m->reading->payload, "returns"));
	page_heading(m->page, "What came back");
	if (!r) {
		page_text(m->page, "Nothing that the bundle holds.");
		return;
	}
	add_return(m, r);
	page_text(m->page, "The header of that message. Addresses of third persons were cut to "
	          "their first letter before it was signed. \"Received\" lines say which servers "
	          "passed it on, the last one first.");
	add_header(m, text_of(r, "message"), token_of(r));
	if (all > 1)
		page_text(m->page, "The bundle holds %zu messages that came back, each with all "
		          "of its text: --json shows them.", all);
}

static void add_confirmation(struct maker *m)
{
	if (!str_eq(member(m, "verdict"), STR("open")))
		return;
	page_heading(m->page, "The confirmation");
	if (!m->confirmation) {
		page_text(m->page, "The bundle holds no second message. It was proved once.");
		return;
	}
	page_text(m->page, "The same form was sent once more, with another token, and sender and "
	          "recipient at the other of the collector's two domains. It came back, too: no "
	          "chance, and no server that serves one of these domains by mistake.");
	add_marked(m, MARK_CONFIRMATION);
	add_return(m, m->confirmation);
}

struct tally {
	size_t all, returned, accepted, refused, untried;
};

static void count_case(const json_t *c, struct tally *n)
{
	struct str stage = text_of(c, "stage");
	if (number_of(c, "attempt") != 0)
		return;
	n->all++;
	if (json_is_true(json_object_get(c, "returned")))
		n->returned++;
	else if (json_is_true(json_object_get(c, "accepted")))
		n->accepted++;
	else if (number_of(c, "code") >= 400)
		n->refused++;
	else if (str_eq(stage, STR("none")) || str_eq(stage, STR("skipped")))
		n->untried++;
}

static void add_tally(struct maker *m)
{
	struct tally n = { 0 };
	size_t i;
	json_t *c;
	json_array_foreach(json_object_get(m->reading->payload, "cases"), i, c)
		count_case(c, &n);
	if (n.all == 0)
		return;
	page_heading(m->page, "All forms");
	page_text(m->page, "Of %zu forms %zu came back, %zu more were taken and did not, %zu were "
	          "refused or put off, and %zu were not tried, as one proof is enough or the form "
	          "does not fit the server.", n.all, n.returned, n.accepted, n.refused, n.untried);
}

/* A bundle may be anybody's: what it calls a command is offered as one only if it can be none
 * but a test. */
static bool is_replay(struct str command)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.: -";
	if (!str_prefix(command, STR("portreeve test ")) || command.n > 120)
		return false;
	for (size_t i = 0; i < command.n; i++)
		if (!strchr(letters, command.p[i]) || !command.p[i])
			return false;
	return true;
}

static void add_signature(struct maker *m)
{
	static const char *const checked[] = {
		[EVIDENCE_GOOD] = "good", [EVIDENCE_UNCHECKED] = "not checked",
		[EVIDENCE_BAD] = "NOT GOOD",
	};
	const struct evidence_reading *r = m->reading;
	page_heading(m->page, "The signature");
	page_fact(m->page, "Signature", "%s%s%s", checked[r->check], r->why ? ": " : "",
	          r->why ? r->why : "");
	page_fact(m->page, "Checked with", "%s", r->check == EVIDENCE_UNCHECKED ? "-" : r->key);
	page_fact(m->page, "Key", "%s (Ed25519)", named(m, str_of(r->key_id)));
	page_fact(m->page, "Evidence", "%s", named(m, str_of(r->id)));
	page_fact(m->page, "Signed on", "%s", time_text(m, member(m, "created")));
	page_text(m->page, "To check it elsewhere one needs the bundle and the public key of "
	          "whoever signed it, and nothing else:");
	if (r->stay != EVIDENCE_STAYS_FILE) {
		add_command(m, arena_printf(m->arena, "portreeve evidence export %s proof.json",
		                            r->id), "the bundle, as it was signed");
		add_command(m, "portreeve keys export key.pem", "the public key");
	}
	add_command(m, "portreeve evidence verify proof.json --key key.pem", "checks it");
	struct str replay = member(m, "replay");
	if (is_replay(replay))
		add_command(m, named(m, replay), "tests that server again: only for whom its "
		            "owner, or a permit, allows it");
	else if (replay.n)
		page_text(m->page, "To replay the test, the bundle names what is no command of "
		          "ours: \"%s\".", named(m, replay));
}

static void add_stay(struct maker *m)
{
	long long days = (long long)(m->reading->keep_s / 86400);
	page_heading(m->page, "How long it stays");
	switch (m->reading->stay) {
	case EVIDENCE_STAYS_FILE:
		page_text(m->page, "This was read from a file, which stays as long as its owner "
		          "keeps it.");
		break;
	case EVIDENCE_STAYS_LISTED:
		page_text(m->page, "The address is listed. Its evidence stays as long as that, "
		          "and %lld days after it was taken off the list.", days);
		break;
	case EVIDENCE_STAYS_UNLISTED:
		page_text(m->page, "The address has no listing of its own. Its evidence stays "
		          "for %lld days after the test, or after it was taken off the list if "
		          "that was later.", days);
		break;
	}
}

static void add_transcript(struct maker *m)
{
	page_heading(m->page, "All that was said");
	if (m->said.n == 0) {
		page_text(m->page, "The bundle has no transcript.");
		return;
	}
	page_text(m->page, "Milliseconds since the session began; \">\" the tester, \"<\" the "
	          "server, \"!\" what happened to the connection. The lines that decided are "
	          "marked.");
	for (size_t i = 0; i < m->said.n; i++) {
		const struct transcript_line *l = &m->said.lines[i];
		page_add(m->page, PAGE_VERBATIM, l->marks ? PAGE_STRONG : PAGE_PLAIN, STR(""),
		         l->whole, STR(""));
	}
	if (m->said.left_out)
		page_text(m->page, "%zu more lines are left out here.", m->said.left_out);
}

static void add_sections(struct maker *m)
{
	find_proof(m);
	find_exchange(m);
	add_summary(m);
	add_form(m);
	add_exchange(m);
	add_way(m);
	add_what_came_back(m);
	add_confirmation(m);
	add_tally(m);
}

void evidence_page(const struct evidence_reading *reading, struct arena *arena, struct page *page)
{
	struct maker m = { .reading = reading, .arena = arena, .page = page };
	assert((reading->check == EVIDENCE_GOOD) == !reading->why);
	assert(reading->check != EVIDENCE_GOOD || reading->payload);
	struct str verdict = member(&m, "verdict");
	const char *name = evidence_verdict_name(verdict);
	page_init(page, arena, str_of(arena_printf(arena, "Evidence: %s, port %lld: %s",
	          named(&m, member(&m, "address")), (long long)number_of(reading->payload, "port"),
	          name ? name : named(&m, verdict))));
	add_banner(&m);
	if (reading->payload)
		add_sections(&m);
	add_signature(&m);
	add_stay(&m);
	if (reading->payload)
		add_transcript(&m);
}
