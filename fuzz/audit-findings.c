/* SPDX-License-Identifier: ISC
 *
 * Findings of any configuration: whatever it is, each has a title, sentences and a check; each line
 * to paste is one line, and a command among them holds no byte of a file that a shell would read.
 * The first byte chooses the server, the second the machine, the third who is let in beside those
 * of the reading; then come the main file and one text for all others, a NUL between them.
 */
#include "fuzz.h"

#include "audit/report.h"
#include "catalogue/catalogue.h"

#include <stdlib.h>

struct texts {
	struct str main, other;
};

static int give(void *arg, const char *name, struct arena *a, struct str *text)
{
	const struct texts *t = arg;
	(void)a;
	*text = strstr(name, "main.cf") || strstr(name, ".conf") || strstr(name, "sendmail")
	        ? t->main : t->other;
	return ERR_OK;
}

static int list(void *arg, const char *pattern, struct arena *a, const char ***names, size_t *n)
{
	(void)arg;
	*names = arena_alloc(a, sizeof(**names));
	(*names)[0] = arena_printf(a, "%s/10_a", pattern);
	*n = 1;
	return ERR_OK;
}

static void address_add(struct facts *f, const char *name, const char *text, unsigned len)
{
	struct ip ip;
	if (ip_parse(str_of(text), &ip, NULL) == ERR_OK)
		facts_add_address(f, str_of(name), &ip, len);
}

static void make_machine(struct facts *f, unsigned byte, struct arena *a)
{
	facts_begin(f, a);
	address_add(f, "lo", "127.0.0.1", 8);
	address_add(f, "eth0", byte & 1 ? "192.168.1.5" : "198.51.100.5", 24);
	address_add(f, "docker0", "172.18.0.1", 16);
	if (byte & 2)
		address_add(f, "eth0", "2001:db8::5", 64);
	if (byte & 4)
		f->container = FACTS_DOCKER;
}

static struct audit_arrival arrivals[] = {
	{ .family = 6, .port = 25, .way = AUDIT_BY_PROXY, .as = { 4, { 172, 18, 0, 1 } },
	  .certain = true, .cause = "C1", .line = "docker-proxy", .text = "They arrive as it." },
	{ .family = 4, .port = 25, .way = AUDIT_MASQUERADED, .as = { 4, { 192, 168, 1, 1 } },
	  .cause = "C3", .line = "", .text = "They may arrive as it." },
	{ .family = 4, .port = 25, .way = AUDIT_BY_LOOPBACK, .as = { 4, { 127, 0, 0, 1 } },
	  .certain = true, .cause = "C5", .line = "", .text = "They arrive as loopback." },
};

/* A row more, of a stranger by some form: as the reading knows none of forms. */
static void let_in(struct audit_report *report, const struct audit_ground *ground, unsigned byte)
{
	struct audit_who *who = arena_alloc(report->arena, (report->who_n + 1) * sizeof(*who));
	struct audit_who *added = &who[report->who_n];
	if (report->who_n)
		memcpy(who, report->who, report->who_n * sizeof(*who));
	*added = (struct audit_who){ .asker = &ground->askers[byte % ground->asker_n],
	                             .port = byte & 1 ? 25 : 587, .form_n = 2 };
	added->forms = arena_alloc(report->arena, 2 * sizeof(*added->forms));
	added->forms[0] = relay_cases[byte % relay_case_count].id;
	added->forms[1] = relay_cases[(byte * 7 + 3) % relay_case_count].id;
	for (size_t i = 0; i < report->who_n && !added->by_n; i++)
		*added = (struct audit_who){ added->asker, added->port, added->tls, added->forms,
		                             2, false, false, false, false, who[i].by,
		                             who[i].by_n };
	report->who = who;
	report->who_n++;
}

static bool is_command(const char *line)
{
	static const char *const begins[] = { "postconf ", "postmap ", "makemap ", "sed ",
	                                      "apt-get ", "systemctl ", "postfix " };
	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
		if (!strncmp(line, begins[i], strlen(begins[i])))
			return true;
	return false;
}

/* Whether a shell takes each byte for itself: within single quotes all but the quote, elsewhere
 * what means nothing to it, "&&" and a quote behind a backslash. */
static bool is_plain_to_shell(const char *line)
{
	bool quoted = false;
	for (const char *p = line; *p; p++) {
		const bool pair = (p[0] == '&' && p[1] == '&') || (p[0] == '\\' && p[1] == '\'');
		if (*p == '\'')
			quoted = !quoted;
		else if (!quoted && pair)
			p++;
		else if (!quoted && !ascii_isalnum((unsigned char)*p) && !strchr(" _./:=-,@+%", *p))
			return false;
	}
	return !quoted;
}

static void check(const struct audit_finding *f)
{
	if (!f->title[0] || !f->why[0] || !f->check[0] || !f->cause || f->severity > AUDIT_ADVICE)
		abort();
	for (size_t i = 0; i < f->line_n; i++)
		if (!f->lines[i].parameter || !f->lines[i].place.file || !f->lines[i].place.text)
			abort();
	for (size_t i = 0; i < f->fix_n; i++) {
		if (strpbrk(f->fix[i], "\r\n"))
			abort();
		if (is_command(f->fix[i]) && !is_plain_to_shell(f->fix[i]))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct audit_asked asked = { 0 };
	struct audit_asker *askers;
	struct facts facts;
	if (size < 3 || size > 8192)
		return 0;
	struct str rest = { (const char *)data + 3, size - 3 };
	const size_t end = str_find(rest, '\0');
	struct texts texts = { rest, STR("") };
	if (end != SIZE_MAX)
		texts = (struct texts){ { rest.p, end }, str_from(rest, end + 1) };
	const struct audit_files files = { give, list, &texts };
	make_machine(&facts, data[1], &a);
	const char *version = data[1] & 8 ? "3.7.6-0" : "4.96-15+deb12u3";
	const struct audit_config_given given = { MTA_FIRST + data[0] % 4, NULL, "mx.example.org",
	                                          version, &facts };
	struct audit_ground ground = { .facts = &facts, .host_name = "mx.example.org",
	                               .domain = "example.org", .mx_here = "here.example" };
	(void)audit_config_read(&files, &given, &a, &ground.config);
	const struct audit_reading *r = audit_config_reading(ground.config);
	struct prefix ranges[8];
	for (; asked.trusted_n < r->trust_n && asked.trusted_n < 8; asked.trusted_n++)
		ranges[asked.trusted_n] = r->trusts[asked.trusted_n].range;
	asked.trusted = ranges;
	(void)audit_kinds(&facts, &asked, &askers, &ground.asker_n);
	ground.askers = askers;
	const struct audit_known known = {
		.ground = &ground, .by_reading = true, .not_started = "", .arrivals = arrivals,
		.arrival_n = (size_t)(data[1] >> 4) % 4, .started = data[2] & 1 };
	struct audit_report report = { .arena = &a, .mta = given.mta, .version = version,
	                               .host_name = "mx.example.org", .how = "" };
	struct audit_known by_reading = known;
	by_reading.started = false;
	audit_judge(&by_reading, &report);
	let_in(&report, &ground, data[2]);
	audit_findings(&known, &report);
	for (size_t i = 0; i < report.finding_n; i++)
		check(&report.findings[i]);
	arena_fini(&a);
	return 0;
}
