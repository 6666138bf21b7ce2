/* SPDX-License-Identifier: ISC
 *
 * A report for programs. The members that portreeve-json(5) promises are always there, the others
 * where there is something to say.
 *
 * Hostile input that reaches it: all strings of the report. Lines of files are cut.
 */
#include "audit/report-private.h"

#include "base/shown.h"

#include <assert.h>
#include <stdio.h>

enum { TEXT_MAX_BYTES = 4096 };

static void add_shown(struct json *j, const char *key, const char *text)
{
	struct str whole = str_of(text), cut = shown_cut(whole, TEXT_MAX_BYTES);
	struct buf b = { 0 };
	buf_add_str(&b, cut);
	if (cut.n < whole.n)
		buf_add_cstr(&b, "...");
	json_add_shown(j, key, buf_str(&b));
	buf_fini(&b);
}

static void add_shown_if(struct json *j, const char *key, const char *text)
{
	if (text[0])
		add_shown(j, key, text);
}

static void add_lines(struct json *j, const char *key, const struct audit_line *lines, size_t n)
{
	json_open_array(j, key);
	for (size_t i = 0; i < n; i++) {
		json_open_object(j, NULL);
		add_shown(j, "file", lines[i].place.file);
		json_add_int(j, "line", lines[i].place.line);
		add_shown(j, "parameter", lines[i].parameter);
		add_shown(j, "text", lines[i].place.text);
		json_close(j);
	}
	json_close(j);
}

static void add_forms(struct json *j, const struct audit_who *who)
{
	json_open_array(j, "forms");
	for (size_t i = 0; who && i < who->form_n; i++)
		json_add_cstr(j, NULL, strcmp(who->forms[i], "E01") ? who->forms[i] : "plain");
	json_close(j);
}

/* With its length, be it that of a lone address. */
static void add_network(struct json *j, const struct prefix *network)
{
	char ip[IP_TEXT_MAX], text[PREFIX_TEXT_MAX + 8];
	snprintf(text, sizeof(text), "%s/%u", ip_format(&network->ip, ip), network->len);
	json_add_cstr(j, "network", text);
}

static void add_client(struct json *j, const struct audit_asker *asker, uint16_t port,
                       enum audit_tls tls)
{
	json_add_cstr(j, "client", audit_asker_name(asker));
	add_network(j, &asker->network);
	json_add_ip(j, "address", &asker->ip);
	add_shown_if(j, "interface", asker->interface);
	json_add_int(j, "port", port);
	json_add_cstr(j, "tls", audit_tls_name(tls));
}

static void add_who(struct json *j, const struct audit_who *who)
{
	assert(who->form_n > 0);
	json_open_object(j, NULL);
	add_client(j, who->asker, who->port, who->tls);
	add_forms(j, who);
	json_add_bool(j, "some", who->some);
	json_add_bool(j, "sound", who->sound);
	json_add_bool(j, "strangers", who->strangers);
	json_add_bool(j, "perhaps", who->perhaps);
	add_lines(j, "by", who->by, who->by_n);
	add_lines(j, "decided", who->decided, who->decided ? 1 : 0);
	json_close(j);
}

static void add_finding(struct json *j, const struct audit_finding *f)
{
	json_open_object(j, NULL);
	json_add_cstr(j, "severity", audit_severity_name(f->severity));
	add_shown(j, "cause", f->cause);
	add_shown(j, "title", f->title);
	add_shown(j, "why", f->why);
	add_lines(j, "lines", f->lines, f->line_n);
	json_open_array(j, "fix");
	for (size_t i = 0; i < f->fix_n; i++)
		json_add_shown(j, NULL, str_of(f->fix[i]));      /* whole, or it fixes nothing */
	json_close(j);
	add_shown(j, "check", f->check);
	json_close(j);
}

static void add_row(struct json *j, const struct audit_row *row)
{
	json_open_object(j, NULL);
	add_client(j, row->asker, row->port, row->tls);
	json_add_cstr(j, "plain", audit_said_name(row->plain));
	add_shown_if(j, "why", row->why);
	add_forms(j, row->who);
	json_close(j);
}

static void add_unasked(struct json *j, const struct audit_unasked *u)
{
	json_open_object(j, NULL);
	add_shown(j, "what", u->what);
	add_shown(j, "why", u->why);
	json_add_bool(j, "weighs", u->weighs);
	json_close(j);
}

void audit_report_json(const struct audit_report *report, struct json *j)
{
	json_add_cstr(j, "mta", mta_name(report->mta));
	add_shown(j, "version", report->version);
	add_shown_if(j, "host", report->host_name);
	add_shown_if(j, "root", report->root ? report->root : "");
	add_shown_if(j, "container", report->container ? report->container : "");
	json_add_time(j, "time", report->time_s);
	add_shown_if(j, "how", report->how);
	json_add_cstr(j, "verdict", audit_verdict_name(report->verdict));
	add_shown_if(j, "summary", report->summary);
	add_shown_if(j, "doubt", report->doubt ? report->doubt : "");
	json_add_int(j, "forms_planned", (int64_t)report->forms_planned);
	json_add_int(j, "forms_asked", (int64_t)report->forms_asked);
	json_open_array(j, "who");
	for (size_t i = 0; i < report->who_n; i++)
		add_who(j, &report->who[i]);
	json_close(j);
	json_open_array(j, "findings");
	for (size_t i = 0; i < report->finding_n; i++)
		add_finding(j, &report->findings[i]);
	json_close(j);
	json_open_array(j, "unasked");
	for (size_t i = 0; i < report->unasked_n; i++)
		add_unasked(j, &report->unasked[i]);
	json_close(j);
	json_open_array(j, "rows");
	for (size_t i = 0; i < report->row_n; i++)
		add_row(j, &report->rows[i]);
	json_close(j);
}
