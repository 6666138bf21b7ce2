/* SPDX-License-Identifier: ISC
 *
 * Sending a report, and what becomes of it.
 */
#include "report/desk-private.h"

static int read_key(const struct desk *desk, unsigned char key[static REPORT_KEY_BYTES],
                    struct buf *problem)
{
	int e = store_secret(desk->store, "reports", key);
	return e == ERR_OK ? e : desk_store_refuses(desk, e, "key of reports", problem);
}

/* ---- sending ------------------------------------------------------------ */

static int hand_mail(const struct desk *desk, struct loop *loop, struct dns_resolver *resolver,
                     const char *to, struct str mail, struct desk_sending *sending, send_cb *cb,
                     void *arg, struct buf *problem)
{
	struct send_setup setup = {
		.loop = loop, .resolver = resolver, .config = desk->config,
		.hostname = desk->hostname, .mail_from = sending->from, .rcpt_to = to,
		.message = mail, .envelope_id = sending->token,
	};
	if (desk_check_sender(desk, problem) != ERR_OK)
		return ERR_INVALID;
	/* Whatever it is, the configuration has to change. */
	return send_start(&setup, cb, arg, &sending->send, problem) == ERR_OK ? ERR_OK
	                                                                       : ERR_INVALID;
}

static int may_be_sent(const struct desk *desk, const struct report *report, bool agreed,
                       struct buf *problem)
{
	struct buf why = { 0 };
	int e = ERR_OK;
	if (report->state != REPORT_MADE) {
		buf_printf(problem, "report %s is %s: only one that is made can be sent",
		           report->id, report_state_name(report->state));
		e = ERR_DENIED;
	} else if (!agreed && desk_is_old(desk, desk_arrival(report), &why)) {
		buf_printf(problem, "report %s is not sent unless you say so (--yes): %s",
		           report->id, buf_cstr(&why));
		e = ERR_DENIED;
	}
	buf_fini(&why);
	return e;
}

int desk_send_start(const struct desk *desk, struct loop *loop, struct dns_resolver *resolver,
                    const struct report *report, struct desk_sending *sending, send_cb *cb,
                    void *arg, struct buf *problem)
{
	unsigned char key[REPORT_KEY_BYTES];
	int e = may_be_sent(desk, report, sending->agreed, problem);
	*sending = (struct desk_sending){ 0 };
	if (e != ERR_OK)
		return e;
	e = read_key(desk, key, problem);
	if (e != ERR_OK)
		return e;
	report_token_make(key, report->id, sending->token);
	report_return_path(desk->config, sending->token, sending->from);
	return hand_mail(desk, loop, resolver, report->contact, report->message, sending, cb, arg,
	                 problem);
}

int desk_nomination_start(const struct desk *desk, struct loop *loop,
                          struct dns_resolver *resolver, const char *to, struct str mail,
                          struct desk_sending *sending, send_cb *cb, void *arg,
                          struct buf *problem)
{
	*sending = (struct desk_sending){ 0 };
	str_copy(sending->from, sizeof(sending->from), str_of(desk->config->return_path));
	return hand_mail(desk, loop, resolver, to, mail, sending, cb, arg, problem);
}

void desk_send_stop(struct desk_sending *sending)
{
	send_destroy(sending->send);
	sending->send = NULL;
}

/* ---- what became of it --------------------------------------------------- */

static int write_state(const struct desk *desk, enum report_state state, const char *why,
                       struct report *report, struct buf *problem)
{
	int e = store_report_become(desk->store, report->id, state, why, desk->now_s);
	if (e != ERR_OK)
		return desk_store_refuses(desk, e, report->id, problem);
	report->state = state;
	report->changed_s = desk->now_s;
	str_copy(report->why, sizeof(report->why), str_of(why));
	return ERR_OK;
}

/* Whether the newest other report to the contact that was sent bounced. */
static int bounced_before(const struct desk *desk, const struct report *report, bool *bounced,
                          struct buf *problem)
{
	struct arena a = { 0 };
	struct report *rows;
	size_t n;
	int e = store_reports(desk->store, &a, &rows, &n);
	*bounced = false;
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		if (rows[i].state == REPORT_MADE || strcmp(rows[i].id, report->id) == 0 ||
		    !str_caseeq(str_of(rows[i].contact), str_of(report->contact)))
			continue;
		*bounced = rows[i].state == REPORT_BOUNCED;
		break;
	}
	arena_fini(&a);
	return e == ERR_OK ? e : desk_store_refuses(desk, e, "reports", problem);
}

int desk_bounced(const struct desk *desk, const char *why, bool dead, struct report *report,
                 bool *buried, struct buf *problem)
{
	int e = ERR_OK;
	*buried = false;
	if (report_may_become(report->state, REPORT_BOUNCED))
		e = write_state(desk, REPORT_BOUNCED, why, report, problem);
	if (e == ERR_OK && !dead)
		e = bounced_before(desk, report, &dead, problem);
	if (e != ERR_OK || !dead)
		return e;
	e = store_contact_bury(desk->store, report->contact, why, desk->now_s);
	if (e != ERR_OK)
		return desk_store_refuses(desk, e, report->contact, problem);
	*buried = true;
	return ERR_OK;
}

int desk_sent(const struct desk *desk, const struct send_result *result, struct report *report,
              bool *buried, struct buf *problem)
{
	*buried = false;
	/* Refused while we were there: the same as a bounce. */
	if (result->outcome == SEND_REFUSED && result->recipient)
		return desk_bounced(desk, result->text,
		                    report_status_is_dead(str_of(result->status)), report, buried,
		                    problem);
	if (result->outcome != SEND_DONE)
		return ERR_OK;
	int e = write_state(desk, REPORT_SENT, result->text, report, problem);
	if (e == ERR_OK) {
		report->sent_s = desk->now_s;
		report->told = report->incidents;
	}
	return e;
}

/* ---- what came back ------------------------------------------------------ */

static void why_it_failed(const struct report_bounce *b, char why[static WHY_MAX])
{
	struct buf text = { 0 };
	if (str_search(str_of(b->text), str_of(b->status)) == SIZE_MAX)
		buf_printf(&text, "%s ", b->status);
	buf_add_cstr(&text, b->text[0] ? b->text : "it bounced");
	str_copy(why, WHY_MAX, buf_str(&text));
	buf_fini(&text);
}

int desk_take_bounce(const struct desk *desk, struct str message, struct arena *a,
                     struct report_bounce *bounce, struct report *report, bool *buried,
                     struct buf *problem)
{
	unsigned char key[REPORT_KEY_BYTES];
	char why[WHY_MAX];
	const char *expected;
	*buried = false;
	int e = read_key(desk, key, problem);
	if (e != ERR_OK)
		return e;
	e = report_bounce_parse(message, key, bounce, &expected);
	if (e != ERR_OK) {
		buf_printf(problem, "expected %s", expected);
		return e;
	}
	e = store_report_get(desk->store, bounce->id, a, report);
	if (e != ERR_OK)
		return desk_store_refuses(desk, e, bounce->id, problem);
	if (bounce->kind != REPORT_BOUNCE_FAILED)
		return ERR_OK;
	why_it_failed(bounce, why);
	/* The bounce counts for the contact only if that is who failed: a desk that forwards its
	 * mail to somebody dead is not dead itself. */
	bool dead = bounce->dead &&
	            str_caseeq(str_of(bounce->recipient), str_of(report->contact));
	return desk_bounced(desk, why, dead, report, buried, problem);
}
