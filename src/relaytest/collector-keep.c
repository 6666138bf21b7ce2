/* SPDX-License-Identifier: ISC
 *
 * What a message is kept as: a return for each token, one mail for the people, a request for a
 * retest. In that order, each only if all before it is safe: a client that is told to try again
 * does so for all of its recipients, and what has been kept already is known again. The mail takes
 * its time outside of the loop, so what comes after it is done when it is called back.
 */
#include "relaytest/collector-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "mail/msgid.h"
#include "relaytest/probe.h"
#include "store/returns.h"

#include <assert.h>
#include <stdlib.h>

static size_t count_of(const struct client *cl, enum collector_for what)
{
	size_t n = 0;
	for (size_t i = 0; i < cl->n; i++)
		n += cl->recipients[i].what == what;
	return n;
}

/* ---- tokens ----------------------------------------------------------------------- */

static void fill_return(const struct client *cl, const struct recipient *to,
                        struct test_return *r)
{
	*r = (struct test_return){
		.attempt = to->token.flags & TOKEN_CONFIRM ? 1 : 0,
		.kind = to->token.flags & TOKEN_SENDER ? RETURN_SENDER : RETURN_RECIPIENT,
		.marked = probe_mark_found(buf_str(&cl->message), to->tokens.mark),
		.peer = cl->peer, .time_s = clock_now_s(), .message = buf_str(&cl->message),
	};
	memcpy(r->test_id, to->token.test_id, sizeof(r->test_id));
	token_case_id(&to->token, r->case_id);
	str_copy(r->token, sizeof(r->token), str_of(to->token.text));
	str_copy(r->helo, sizeof(r->helo), str_of(cl->helo));
	str_copy(r->mail_from, sizeof(r->mail_from), str_of(cl->mail_from));
	str_copy(r->rcpt_to, sizeof(r->rcpt_to), str_of(to->path));
}

static void log_return(const struct client *cl, const struct test_return *r, int e)
{
	LOG(LOG_INFO, "return", LOG_S("test", r->test_id), LOG_S("case", r->case_id),
	    LOG_I("attempt", r->attempt), LOG_S("to", r->kind ? "sender" : "recipient"),
	    LOG_S("marked", r->marked ? "yes" : "no"), LOG_IP("peer", &cl->peer.ip),
	    LOG_S("result", err_text(e)));
}

/* In one transaction; the message is stored once. */
static enum collector_fate keep_returns(struct client *cl, size_t n)
{
	const struct collector_setup *s = &cl->collector->setup;
	struct test_return *rows = mem_array(n, sizeof(*rows));
	int *results = mem_array(n, sizeof(*results));
	enum collector_fate worst = COLLECTOR_KEPT;
	size_t at = 0;
	for (size_t i = 0; i < cl->n; i++)
		if (cl->recipients[i].what == COLLECTOR_TOKEN)
			fill_return(cl, &cl->recipients[i], &rows[at++]);
	int e = store_returns_add(s->store, rows, n, (unsigned)s->config->returns_per_token,
	                          results);
	for (size_t i = 0; i < n; i++) {
		int result = e == ERR_OK ? results[i] : e;
		worst = collector_worse(worst, collector_fate(COLLECTOR_TOKEN, result));
		log_return(cl, &rows[i], result);
	}
	free(rows);
	free(results);
	return worst;
}

/* ---- retests ------------------------------------------------------------------------- */

static enum collector_fate keep_request(struct client *cl)
{
	const struct collector_setup *s = &cl->collector->setup;
	struct retest_request r = { .address = cl->peer.ip, .time_s = clock_now_s() };
	if (!cl->null_sender)
		str_copy(r.reply_to, sizeof(r.reply_to), str_of(cl->mail_from));
	/* Half an identifier would be another one's. */
	struct str id = msgid_of(buf_str(&cl->message));
	if (id.n < sizeof(r.message_id))
		str_copy(r.message_id, sizeof(r.message_id), id);
	int e = store_request_add(s->store, &r, s->config->retest_interval_s);
	return collector_fate(COLLECTOR_RETEST, e);
}

/* ---- in that order ------------------------------------------------------------------- */

static void keep_the_rest(struct client *cl, enum collector_fate worst)
{
	if (worst != COLLECTOR_NOT_KEPT && count_of(cl, COLLECTOR_RETEST))
		worst = collector_worse(worst, keep_request(cl));
	cl->kept(cl, worst);
}

static void mail_kept(struct client *cl, int err)
{
	enum collector_fate fate = collector_fate(COLLECTOR_PERSON, err);
	assert(cl->worst != COLLECTOR_NOT_KEPT);
	keep_the_rest(cl, collector_worse(cl->worst, fate));
}

void collector_keep(struct client *cl,
                    void (*kept)(struct client *cl, enum collector_fate worst))
{
	size_t tokens = count_of(cl, COLLECTOR_TOKEN);
	cl->kept = kept;
	cl->worst = tokens ? keep_returns(cl, tokens) : COLLECTOR_KEPT;
	if (cl->worst == COLLECTOR_NOT_KEPT || !count_of(cl, COLLECTOR_PERSON)) {
		keep_the_rest(cl, cl->worst);
		return;
	}
	int e = collector_mail(cl, mail_kept);
	if (e != ERR_OK)
		mail_kept(cl, e);
}
