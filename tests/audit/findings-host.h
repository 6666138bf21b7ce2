/* SPDX-License-Identifier: ISC
 *
 * An audited server in a few words: its files, its machine, who may relay by it; and its findings
 * as a text in which the tests look.
 */
#ifndef PORTREEVE_TESTS_AUDIT_FINDINGS_HOST_H
#define PORTREEVE_TESTS_AUDIT_FINDINGS_HOST_H

#include "test.h"

#include "audit/report.h"
#include "catalogue/cause.h"
#include "host.h"
#include "memory-files.h"

#include <stdio.h>

enum { FOUND_WHO_MAX = 12, FOUND_WANTS = 8 };

struct found_row {
	const char *label;
	enum mta mta;
	struct memory_file files[FILES_OF_ROW];
	const char *host;                /* as of host.h; NULL: one with a public address */
	/* Lines of "KIND IP NETWORK PORT FORMS [LETTERS]": FORMS between commas; letters: "t" behind
	 * STARTTLS, "s" some destinations, "p" perhaps, "a" strangers arrive so; the claim of the
	 * session as "l" login, "c" certificate, "x" XCLIENT; "m" the recipient's MX is here. The
	 * lines that permit it are those of audit_config_explain(). */
	const char *who;
	/* Each is somewhere in the text, behind "!" nowhere: "open C1 25", then title, sentences,
	 * "FILE:LINE", "| a line to paste". The findings that are open, warn and advice as "1/0/2". */
	const char *severities;
	const char *want[FOUND_WANTS];
	const char *version;
	/* Answers of the server, as "KIND IP NETWORK PORT taken"; "refused". NULL: none. */
	const char *rows;
	const char *listens;             /* "mailpit 0.0.0.0 1025" */
	bool by_reading;                 /* the server was not asked */
	const char *directory;           /* of an instance; NULL: the usual one */
	const char *container, *root;    /* in which it is; of the image; NULL: none */
};

struct found {
	struct arena a;
	struct facts facts;
	struct audit_config *config;
	struct audit_asker askers[2 * FOUND_WHO_MAX];
	struct audit_row rows[FOUND_WHO_MAX];
	struct facts_listener listener;
	struct audit_who who[FOUND_WHO_MAX];
	struct audit_question questions[FOUND_WHO_MAX];
	struct audit_ground ground;
	struct audit_known known;
	struct audit_report report;
	struct buf text;
};

#define FOUND_HOST \
	"lo loopback 127.0.0.1/8 ::1/128\n" \
	"eth0 ethernet 203.0.113.5/24 2001:db8:5::5/64\n" \
	"default eth0 203.0.113.1\ndefault eth0 2001:db8:5::1\n"

static inline enum audit_kind found_kind(struct str word)
{
	static const char *const names[] = {
		[AUDIT_STRANGER4] = "stranger4", [AUDIT_STRANGER6] = "stranger6",
		[AUDIT_NEIGHBOUR] = "neighbour", [AUDIT_BRIDGE] = "bridge",
		[AUDIT_CONTAINER] = "container", [AUDIT_GATEWAY] = "gateway",
		[AUDIT_LOOPBACK] = "loopback", [AUDIT_OWN] = "own", [AUDIT_RANGE] = "range",
		[AUDIT_OUTSIDE] = "outside", [AUDIT_SEEN] = "seen",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_eq(word, str_of(names[i])))
			return (enum audit_kind)i;
	fail_msg("no kind of client: %.*s", STR_ARG(word));
	return AUDIT_STRANGER4;
}

/* What the first form shows to the rules. */
static inline unsigned found_shows(const char *form, struct str letters)
{
	unsigned shows = 0;
	const struct relay_case *row = relay_case_by_id(str_of(form));
	if (str_find(letters, 't') != SIZE_MAX)
		shows |= AUDIT_BY_TLS;
	if (str_find(letters, 'l') != SIZE_MAX)
		shows |= AUDIT_BY_LOGIN;
	if (str_find(letters, 'c') != SIZE_MAX)
		shows |= AUDIT_BY_CERTIFICATE | AUDIT_BY_TLS;
	if (str_find(letters, 'm') != SIZE_MAX)
		shows |= AUDIT_BY_MX;
	if (str_find(letters, 's') != SIZE_MAX)
		shows |= AUDIT_BY_RECIPIENT;
	if (row && relay_forges_sender(row))
		shows |= AUDIT_BY_SENDER;
	if (row && relay_forges_helo(row))
		shows |= AUDIT_BY_HELO;
	if (row && row->session == RELAY_TRUSTED_PTR)
		shows |= AUDIT_BY_RDNS;
	return shows;
}

static inline void found_question(struct found *f, size_t i, struct str letters)
{
	struct audit_who *w = &f->who[i];
	struct audit_try *t = arena_alloc(&f->a, sizeof(*t));
	struct audit_port *port = arena_alloc(&f->a, sizeof(*port));
	const bool mx = str_find(letters, 'm') != SIZE_MAX;
	port->port = w->port;
	*t = (struct audit_try){ .form = w->forms[0], .mail = "<a@b.example>", .text = "",
	                         .rcpt = mx ? "<u@mx-here.test>" : "<u@elsewhere.test>",
	                         .said = AUDIT_TAKEN, .code = 250 };
	f->questions[i] = (struct audit_question){
		.asker = w->asker, .port = port, .at = { .port = w->port },
		.tls = w->tls, .from = w->asker->ip, .tries = t, .try_n = 1, .end = AUDIT_ASKED,
		.claim = str_find(letters, 'l') != SIZE_MAX ? AUDIT_CLAIM_LOGIN
		       : str_find(letters, 'c') != SIZE_MAX ? AUDIT_CLAIM_CERTIFICATE
		       : str_find(letters, 'x') != SIZE_MAX ? AUDIT_CLAIM_XCLIENT : AUDIT_AS_ITSELF,
	};
}

/* "KIND IP NETWORK PORT", and what follows. */
static inline uint16_t found_asker(struct found *f, struct str *line, struct audit_asker *asker)
{
	struct str kind, ip, network, port;
	uint64_t number;
	str_word(line, &kind);
	str_word(line, &ip);
	str_word(line, &network);
	assert_true(str_word(line, &port));
	*asker = (struct audit_asker){ .kind = found_kind(kind), .ip = host_ip(ip) };
	assert_int_equal(prefix_parse(network, &asker->network, NULL), ERR_OK);
	const struct facts_interface *at = facts_holder(&f->facts, &asker->ip);
	asker->interface = at ? at->name : "";
	assert_int_equal(str_u64(port, 65535, &number), ERR_OK);
	return (uint16_t)number;
}

static inline void found_answer(struct found *f, struct str line)
{
	const size_t i = f->report.row_n++;
	struct audit_asker *asker = &f->askers[FOUND_WHO_MAX + i];
	assert_true(i < FOUND_WHO_MAX);
	f->rows[i] = (struct audit_row){ .asker = asker, .why = "",
	                                 .port = found_asker(f, &line, asker) };
	f->rows[i].plain = str_eq(str_trim(line), STR("taken")) ? AUDIT_TAKEN : AUDIT_REFUSED;
}

static inline void found_listener(struct found *f, struct str line)
{
	struct str program, ip, port;
	uint64_t number;
	str_word(&line, &program);
	str_word(&line, &ip);
	assert_true(str_word(&line, &port));
	assert_int_equal(str_u64(port, 65535, &number), ERR_OK);
	f->listener = (struct facts_listener){ .at = { host_ip(ip), (uint16_t)number }, .pid = 77,
	                                       .program = arena_strdup(&f->a, program) };
	f->facts.listeners = &f->listener;
	f->facts.listener_n = 1;
}

static inline void found_who(struct found *f, struct str line)
{
	struct str forms, form, letters = { "", 0 };
	const size_t i = f->report.who_n++;
	struct audit_asker *asker = &f->askers[i];
	struct audit_who *w = &f->who[i];
	assert_true(i < FOUND_WHO_MAX);
	const uint16_t number = found_asker(f, &line, asker);
	assert_true(str_word(&line, &forms));
	str_word(&line, &letters);
	*w = (struct audit_who){ .asker = asker, .port = number };
	w->forms = arena_alloc(&f->a, 20 * sizeof(*w->forms));
	while (str_token(&forms, ",", &form))
		w->forms[w->form_n++] = arena_strdup(&f->a, form);
	w->tls = str_find(letters, 't') != SIZE_MAX ? AUDIT_STARTTLS : AUDIT_CLEAR;
	w->some = str_find(letters, 's') != SIZE_MAX || str_find(letters, 'm') != SIZE_MAX;
	w->perhaps = str_find(letters, 'p') != SIZE_MAX;
	w->strangers = str_find(letters, 'a') != SIZE_MAX;
	found_question(f, i, letters);

	struct audit_why *why = arena_alloc(&f->a, sizeof(*why));
	struct audit_client client = { .ip = asker->ip, .own = facts_is_own(&f->facts, &asker->ip),
	                               .shows = found_shows(w->forms[0], letters) };
	const struct audit_reading *r = audit_config_reading(f->config);
	for (size_t k = 0; k < r->port_n; k++)
		if (r->ports[k].port == w->port)
			client.port = &r->ports[k];
	audit_config_explain(f->config, &client, why);
	w->by = why->by;
	w->by_n = why->answer == AUDIT_NO ? 0 : why->by_n;
}

static inline void found_arrivals(struct found *f, struct audit_arrival *all)
{
	const struct ip *servers[8] = { 0 };
	size_t n = 0;
	static const struct ip any = { 6, { 0 } };
	servers[n++] = &any;
	for (size_t i = 0; i < f->facts.proxy_n && n < 8; i++)
		if (f->facts.proxies[i].to.ip.family)
			servers[n++] = &f->facts.proxies[i].to.ip;
	for (size_t i = 0; i < n; i++) {
		const struct endpoint at = { *servers[i], 25 };
		struct audit_arrival *some;
		size_t some_n;
		audit_arrivals(&f->facts, &at, &some, &some_n);
		for (size_t k = 0; k < some_n && f->known.arrival_n < 64; k++)
			all[f->known.arrival_n++] = some[k];
	}
	f->known.arrivals = all;
}

static inline const char *found_finding(struct found *f, const struct audit_finding *d)
{
	static const char *const severities[] = { "open", "warn", "advice" };
	buf_printf(&f->text, "%s %s %s\n%s\n", severities[d->severity], d->cause, d->title, d->why);
	for (size_t i = 0; i < d->line_n; i++)
		buf_printf(&f->text, "%s:%u\n", d->lines[i].place.file, d->lines[i].place.line);
	for (size_t i = 0; i < d->fix_n; i++)
		buf_printf(&f->text, "| %s\n", d->fix[i]);
	buf_printf(&f->text, "= %s\n\n", d->check);
	assert_true(d->why[0]);
	assert_null(strchr(d->why, '\n'));
	assert_true(d->title[strlen(d->title) - 1] != '.');
	return buf_cstr(&f->text);
}

static inline void found_read(struct found *f, const struct found_row *row)
{
	struct audit_files files = { memory_read, memory_list, (void *)row->files };
	host_build(&f->facts, &f->a, row->host ? row->host : FOUND_HOST);
	for (size_t i = 0; i < f->facts.interface_n; i++)
		f->facts.interfaces[i].up = true;
	const struct audit_config_given given = {
		.mta = row->mta, .hostname = "mx.example.org", .facts = &f->facts,
		.version = row->version, .directory = row->directory };
	assert_int_equal(audit_config_read(&files, &given, &f->a, &f->config), ERR_OK);
	f->ground = (struct audit_ground){ .facts = &f->facts, .config = f->config,
		.host_name = "mx.example.org", .domain = "example.org", .mx_here = "mx-here.test",
		.foreign = "elsewhere.test", .other = "other.test" };
	f->report = (struct audit_report){ .arena = &f->a, .mta = row->mta,
		.version = row->version ? row->version : "", .host_name = "mx.example.org",
		.how = "", .who = f->who, .rows = f->rows,
		.container = row->container, .root = row->root,
		.verdict = row->who && row->who[0] ? AUDIT_WIDE : AUDIT_CLOSED };
}

static inline void found_check(const struct found_row *row, struct found *f)
{
	unsigned counts[3] = { 0 };
	char severities[32];
	for (size_t i = 0; i < f->report.finding_n; i++) {
		counts[f->report.findings[i].severity]++;
		found_finding(f, &f->report.findings[i]);
	}
	const char *text = buf_cstr(&f->text);
	snprintf(severities, sizeof(severities), "%u/%u/%u", counts[0], counts[1], counts[2]);
	if (strcmp(severities, row->severities))
		fail_msg("%s: expected %s, found %s:\n%s", row->label, row->severities, severities,
		         text);
	for (size_t i = 0; i < FOUND_WANTS && row->want[i]; i++) {
		const bool not = row->want[i][0] == '!';
		if ((strstr(text, row->want[i] + not) == NULL) != not)
			fail_msg("%s: \"%s\" not in:\n%s", row->label, row->want[i], text);
	}
	if (getenv("SHOW_FINDINGS"))
		printf("==== %s\n%s", row->label, text);
}

static inline void found_run(const struct found_row *row)
{
	struct found *f = calloc(1, sizeof(*f));
	struct audit_arrival *arrivals = calloc(64, sizeof(*arrivals));
	struct str rest = str_of(row->who ? row->who : ""), line;
	found_read(f, row);
	while (str_token(&rest, "\n", &line))
		found_who(f, line);
	rest = str_of(row->rows ? row->rows : "");
	while (str_token(&rest, "\n", &line))
		found_answer(f, line);
	if (row->listens)
		found_listener(f, str_of(row->listens));
	f->known = (struct audit_known){ .ground = &f->ground, .questions = f->questions,
	                                 .question_n = f->report.who_n,
	                                 .started = !row->by_reading,
	                                 .not_started = "" };
	found_arrivals(f, arrivals);
	audit_findings(&f->known, &f->report);
	found_check(row, f);
	buf_fini(&f->text);
	arena_fini(&f->a);
	free(arrivals);
	free(f);
}

#endif
