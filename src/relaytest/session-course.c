/* SPDX-License-Identifier: ISC
 *
 * Between two connections: what the next one is for, from where it comes, and what it
 * brought when it is over.
 */
#include "relaytest/session-private.h"

#include "wire/proxy.h"

/* ---- the next connection ------------------------------------------------------- */

/* What the next connection is for; false: nothing is left to do. */
static bool next_profile(struct session *s, struct profile *profile)
{
	if (order_proved_enough(s))
		return false;
	if (s->connections >= CONNECTIONS_MAX)
		session_round_over(s, "too many connections");
	size_t i = order_next_message(s);
	bool confirms = i != ITEMS_MAX && s->items[i].result.attempt == 1;
	/* What came back is confirmed even when time is up, if the host lets us. */
	if (s->halted && (!confirms || s->host.shut_out))
		return false;
	if (i == ITEMS_MAX)
		i = order_next_open(s);
	if (i != ITEMS_MAX)
		*profile = plan_profile(&s->items[i]);
	return i != ITEMS_MAX;
}

/* A PROXY header that claims a client at the host itself. */
static void add_preamble(struct session *s)
{
	const struct endpoint client = { ip_from_v4(127, 0, 0, 1), 34567 };
	const struct endpoint host = { ip_from_v4(127, 0, 0, 1), 25 };
	enum relay_session profile = s->conn.profile.session;
	struct buf header = { 0 };
	if (profile != RELAY_PROXY_V1 && profile != RELAY_PROXY_V2)
		return;
	wire_proxy_format(profile == RELAY_PROXY_V1 ? 1 : 2, &client, &host, &header);
	smtp_client_preamble(s->conn.client, buf_str(&header));
	buf_fini(&header);
}

static enum session_source profile_source(struct profile p)
{
	return p.second ? SESSION_SOURCE_SECOND :
	       p.session == RELAY_SOURCE_PORT ? SESSION_SOURCE_PORT_25 :
	       p.session == RELAY_TRUSTED_PTR ? SESSION_SOURCE_TRUSTED : SESSION_SOURCE_OWN;
}

static void open_connection(struct session *s, struct profile profile,
                           struct session_action *action)
{
	s->conn = (struct conn){ .profile = profile, .client = smtp_client_create(NULL) };
	phase_enter(s, PHASE_CONNECTING);
	s->connections++;
	action->type = SESSION_CONNECT;
	action->tls = s->setup.test->target.port == 465;
	s->conn.tls = action->tls;
	action->source = profile_source(profile);
	add_preamble(s);
}

bool course_idle(struct session *s, struct session_action *action)
{
	struct profile profile;
	if (s->pause_ms) {
		phase_enter(s, PHASE_PAUSED);
		action->type = SESSION_PAUSE;
		action->pause_ms = s->pause_ms;
		s->pause_ms = 0;
	} else if (next_profile(s, &profile) || (order_check(s) && next_profile(s, &profile))) {
		open_connection(s, profile, action);
	} else {
		round_end(s, action);
	}
	return true;
}

/* ---- on it, and its end ----------------------------------------------------- */

/* A name that the host gives itself is looked up once, before it is used. */
static bool wants_name(struct session *s)
{
	if (s->host.naming != NAME_UNKNOWN || s->conn.profile.session != RELAY_PLAIN ||
	    s->conn.profile.second || s->setup.only)
		return false;
	s->host.naming = NAME_ASKED;
	if (*smtp_client_server_name(s->conn.client))
		return true;
	plan_names(s);
	return false;
}

/* Starts what comes next; false: nothing, say QUIT. */
static bool says_more(struct session *s)
{
	if (s->conn.leaving || s->pause_ms)
		return false;
	return message_start(s) || (!s->halted && envelope_start(s));
}

/* One that brought no form further is
 * barren; a few in a row are enough. So are more of those that end without a word. */
void course_over(struct session *s, enum stream_end why)
{
	struct conn *c = &s->conn;
	s->barren = c->finished ? 0 : s->barren + 1;
	s->mute = c->answered ? 0 : s->mute + 1;
	if (s->barren >= BARREN_MAX || s->mute >= MUTE_MAX) {
		end_give_up(s, why);
		s->barren = s->mute = 0;
	}
	smtp_client_destroy(c->client);
	c->client = NULL;
	phase_enter(s, PHASE_IDLE);
}

bool course_ready(struct session *s, struct session_action *action)
{
	if (wants_name(s)) {
		phase_enter(s, PHASE_RESOLVING);
		action->type = SESSION_RESOLVE;
		action->name = smtp_client_server_name(s->conn.client);
		return true;
	}
	if (says_more(s))
		return false;
	if (s->conn.greeted && !s->conn.leaving) {
		end_leave(s);
		return false;
	}
	course_over(s, STREAM_CLOSED);
	action->type = SESSION_DISCONNECT;
	return true;
}

void course_quit(struct session *s, const struct smtp_client_event *ev)
{
	(void)ev;
	s->conn.leaving = true;
}
