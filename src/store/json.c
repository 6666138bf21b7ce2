/* SPDX-License-Identifier: ISC
 *
 * The JSON forms of what the store holds.
 */
#include "store/json.h"

#include "base/clock.h"
#include "store/clock.h"
#include "store/heartbeat.h"
#include "store/retention.h"
#include "store/upkeep.h"

/* ---- tests: what is not there is "" -------------------------------------- */

static void add_ip_or_empty(struct json *j, const char *key, const struct ip *ip)
{
	char text[IP_TEXT_MAX] = "";
	json_add_cstr(j, key, ip->family ? ip_format(ip, text) : text);
}

static void add_time_or_empty(struct json *j, const char *key, int64_t time_s)
{
	char text[CLOCK_TEXT_MAX] = "";
	json_add_cstr(j, key, time_s ? clock_format(time_s, text) : text);
}

void case_result_json(const struct case_result *r, struct json *j)
{
	json_add_shown(j, "id", str_of(r->id));
	json_add_cstr(j, "stage", stage_name(r->stage));
	json_add_int(j, "code", r->code);
	json_add_shown(j, "enhanced", str_of(r->enhanced));
	json_add_shown(j, "text", str_of(r->text));
	json_add_bool(j, "accepted", r->accepted);
	json_add_bool(j, "returned", r->returned > 0);
}

static struct ip output_of(const struct case_result *results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (results[i].returned > 0 && results[i].output.family)
			return results[i].output;
	return (struct ip){ 0 };
}

void test_json(const struct test *t, enum verdict verdict, const char *reason,
               const struct case_result *results, size_t n, struct json *j)
{
	struct ip output = output_of(results, n);
	add_ip_or_empty(j, "address", &t->target.ip);
	json_add_int(j, "port", t->target.port);
	json_add_cstr(j, "verdict", verdict_name(verdict));
	json_add_cstr(j, "reason", reason);
	json_add_cstr_if(j, "cause", test_cause_name(t->cause));
	add_ip_or_empty(j, "output", &output);
	json_open_array(j, "cases");
	for (size_t i = 0; i < n; i++) {
		/* The confirmation is part of the form's proof, not a case of its own. */
		if (results[i].attempt != 0)
			continue;
		json_open_object(j, NULL);
		case_result_json(&results[i], j);
		json_close(j);
	}
	json_close(j);
	add_time_or_empty(j, "started", t->started_s);
	json_add_real(j, "seconds", t->seconds);
	json_add_shown(j, "evidence", str_of(t->evidence_id));
}

/* ---- rows: what is not there is absent ------------------------------------ */

void test_row_json(const struct test *t, struct json *j)
{
	json_add_cstr(j, "id", t->id);
	json_add_ip(j, "address", &t->target.ip);
	json_add_int(j, "port", t->target.port);
	json_add_cstr(j, "state", test_state_name(t->state));
	json_add_cstr(j, "verdict", verdict_name(t->verdict));
	json_add_cstr_if(j, "cause", test_cause_name(t->cause));
	json_add_cstr(j, "reason", test_reason_name(t->reason));
	json_add_cstr(j, "consent", consent_name(t->consent));
	json_add_cstr_if(j, "who", t->who);
	json_add_int(j, "tries", t->tries);
	json_add_int(j, "rounds", t->rounds);
	json_add_cstr_if(j, "why", t->why);
	json_add_time(j, "created", t->created_s);
	json_add_time(j, "not_before", t->not_before_s);
	json_add_time(j, "due", test_due_s(t));
	json_add_time(j, "finished", t->finished_s);
	json_add_real(j, "seconds", t->seconds);
	json_add_cstr_if(j, "evidence", t->evidence_id);
}

void test_return_json(const struct test_return *r, struct json *j)
{
	json_add_int(j, "id", r->id);
	json_add_cstr(j, "test", r->test_id);
	json_add_cstr(j, "case", r->case_id);
	json_add_int(j, "attempt", r->attempt);
	json_add_cstr(j, "kind", r->kind == RETURN_RECIPIENT ? "recipient" : "sender");
	json_add_bool(j, "marked", r->marked);
	json_add_ip(j, "output", &r->peer.ip);
	json_add_time(j, "time", r->time_s);
	json_add_cstr(j, "helo", r->helo);
	json_add_cstr(j, "mail_from", r->mail_from);
	json_add_cstr(j, "rcpt_to", r->rcpt_to);
}

static void proof_json(const struct proof *p, struct json *j)
{
	json_add_int(j, "port", p->port);
	json_add_cstr(j, "case", p->case_id);
	json_add_cstr(j, "test", p->test_id);
	json_add_ip(j, "output", &p->output);
	json_add_time(j, "time", p->time_s);
}

void listing_json(const struct listing *l, const char *withheld, const struct proof *proofs,
                  size_t n, struct json *j)
{
	json_add_ip(j, "address", &l->address);
	json_add_cstr(j, "reason", l->reason);
	json_add_time(j, "since", l->since_s);
	json_add_time(j, "last_test", l->last_test_s);
	json_add_time(j, "recheck", l->recheck_s);
	json_add_cstr_if(j, "evidence", l->evidence_id);
	json_add_ip(j, "seen_as", &l->seen_as);
	json_add_ip(j, "known_as", &l->known_as);
	json_add_bool(j, "by_operator", l->by_operator);
	json_add_cstr_if(j, "not_published", withheld);
	json_open_array(j, "proofs");
	for (size_t i = 0; i < n; i++) {
		json_open_object(j, NULL);
		proof_json(&proofs[i], j);
		json_close(j);
	}
	json_close(j);
}

void listed_range_json(const struct listed_range *r, const char *withheld, struct json *j)
{
	json_add_prefix(j, "address", &r->range);
	json_add_int(j, "prefix", r->range.len);
	json_add_cstr(j, "reason", r->reason);
	json_add_time(j, "since", r->since_s);
	json_add_bool(j, "by_operator", true);
	json_add_cstr_if(j, "not_published", withheld);
	json_open_array(j, "proofs");
	json_close(j);
}

void output_json(const struct output *o, struct json *j)
{
	json_add_ip(j, "address", &o->address);
	json_add_int(j, "inputs", o->inputs);
	json_add_int(j, "networks", o->networks);
	json_add_bool(j, "agreed", o->agreed);
	json_add_time(j, "first", o->first_s);
	json_add_time(j, "last", o->last_s);
}

void journal_entry_json(const struct journal_entry *e, struct json *j)
{
	json_add_int(j, "serial", (int64_t)e->serial);
	json_add_time(j, "time", e->time_s);
	json_add_cstr(j, "action", journal_action_name(e->action));
	json_add_prefix(j, "subject", &e->subject);
	json_add_cstr(j, "who", e->who);
	json_add_cstr(j, "why", e->why);
}

void nomination_json(const struct nomination *n, struct json *j)
{
	json_add_int(j, "id", n->id);
	json_add_ip(j, "address", &n->address);
	json_add_time(j, "created", n->created_s);
	json_add_cstr(j, "consent", consent_name(n->consent));
	json_add_cstr(j, "by", n->by);
	json_add_cstr(j, "reason", n->reason);
	json_add_bool(j, "message", n->message.n > 0);
}

void permit_json(const struct permit *p, struct json *j)
{
	json_add_prefix(j, "range", &p->range);
	json_add_cstr(j, "consent", consent_name(p->consent));
	json_add_cstr(j, "by", p->by);
	json_add_time(j, "created", p->created_s);
	json_add_time(j, "until", p->until_s);
}

void exclusion_json(const struct exclusion *x, struct json *j)
{
	json_add_prefix(j, "range", &x->range);
	json_add_cstr(j, "by", x->by);
	json_add_cstr(j, "why", x->why);
	json_add_time(j, "created", x->created_s);
}

void account_json(const struct account *account, const struct account_address *addresses, size_t n,
                  struct json *j)
{
	json_add_cstr(j, "name", account->name);
	json_open_array(j, "addresses");
	for (size_t i = 0; i < n; i++)
		json_add_cstr(j, NULL, addresses[i].address);
	json_close(j);
	json_add_cstr_if(j, "mailbox", account->mailbox);
	if (account->uid != ACCOUNT_NO_UID)
		json_add_int(j, "uid", account->uid);
	json_add_bool(j, "password", account->has_password);
	json_add_bool(j, "scram", account->has_scram);
	json_add_bool(j, "locked", account->locked);
	json_add_time(j, "created", account->created_s);
	json_add_time(j, "changed", account->changed_s);
}

void expiry_json(const struct store_expiry *x, bool dry, struct json *j)
{
	json_add_bool(j, "dry_run", dry);
	json_add_int(j, "tests", (int64_t)x->removed[RETAINED_TEST]);
	json_add_int(j, "evidence", (int64_t)x->removed[RETAINED_EVIDENCE]);
	json_add_int(j, "returns", (int64_t)x->removed[RETAINED_RETURN]);
	json_add_int(j, "requests", (int64_t)x->removed[RETAINED_REQUEST]);
}

void clock_json(const struct store_clock *c, int64_t now_s, int64_t jump_max_s, struct json *j)
{
	json_add_cstr(j, "state", clock_state_name(c->state));
	json_add_time(j, "now", now_s);
	json_add_time(j, "known", c->known_s);
	json_add_bool(j, "recorded", c->recorded);
	json_add_int(j, "jump_max", jump_max_s);
}

/* The report in JSON that the database has is shown as what it is, if it can be read. */
static void add_xarf(struct str text, struct json *j)
{
	json_t *xarf = text.n ? json_loadb(text.p, text.n, 0, NULL) : NULL;
	if (xarf)
		json_add_value(j, "xarf", xarf);
	json_decref(xarf);
}

void report_json(const struct report *r, int64_t now_s, struct json *j)
{
	json_add_cstr(j, "id", r->id);
	json_add_cstr(j, "state", report_state_name(r->state));
	json_add_ip(j, "source", &r->source);
	json_add_ip(j, "relay", &r->relay);
	/* A prefix is only what reports are counted by: nobody named it as a network. */
	if (!strchr(r->network, '/'))
		json_add_cstr(j, "network", r->network);
	json_add_cstr(j, "contact", r->contact);
	json_add_cstr(j, "contact_source", r->contact_source);
	json_add_int(j, "contact_age", now_s - clock_past(r->contact_fetched_s, now_s));
	json_add_int(j, "incidents", r->incidents);
	json_add_time(j, "created", r->created_s);
	json_add_time(j, "sent", r->sent_s);
	json_add_time(j, "changed", r->changed_s);
	json_add_cstr(j, "why", r->why);
	if (r->message.n)
		json_add_str(j, "message", r->message);
	add_xarf(r->xarf, j);
}
