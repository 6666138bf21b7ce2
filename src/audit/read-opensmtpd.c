/* SPDX-License-Identifier: ISC
 *
 * What the statements of smtpd.conf define: macros, listeners, actions; see
 * opensmtpd-private.h.
 */
#include "audit/read-opensmtpd.h"

#include "audit/opensmtpd-private.h"
#include "audit/who.h"

/* ---- listeners ------------------------------------------------------------ */

static void listen_option(struct smtpd *s, const struct smtpd_statement *st, size_t *i,
                          struct audit_port *port)
{
	if (smtpd_is(st, *i, "port") && *i + 1 < st->n) {
		port->port = gather_port_number(st->t[++*i].text);
		if (!port->port)
			gather_unread_at(s->g, &st->place, "the port's name is not known");
	} else if (smtpd_is(st, *i, "smtps")) {
		port->tls_first = true;
	} else if (smtpd_is(st, *i, "auth")) {
		port->for_login = true;
	} else if (smtpd_is(st, *i, "tag") && *i + 1 < st->n) {
		port->service = arena_strdup(s->g->a, st->t[++*i].text);
	} else if (smtpd_is(st, *i, "proxy-v2")) {
		gather_setting(s->g, STR("proxy-v2"), STR("yes"), port->service, &st->place);
	}
}

static void define_listener(struct smtpd *s, const struct smtpd_statement *st)
{
	if (st->n < 3 || smtpd_is(st, 2, "socket"))
		return;
	struct audit_port port = { .service = "", .place = st->place };
	for (size_t i = 3; i < st->n; i++)
		listen_option(s, st, &i, &port);
	if (!port.port)
		port.port = port.tls_first ? 465 : 25;
	struct str at = st->t[2].text;
	struct prefix address;
	if (str_eq(at, STR("localhost"))) {
		port.address = ip_from_v4(127, 0, 0, 1);
		gather_port(s->g, &port);
		port.address = (struct ip){ 6, { [15] = 1 } };
	} else if (gather_prefix(at, &address) && !ip_is_unspecified(&address.ip)) {
		port.address = address.ip;
	} else if (str_eq(at, STR("lo"))) {
		port.address = ip_from_v4(127, 0, 0, 1);
	}
	gather_port(s->g, &port);
}

/* ---- the rest --------------------------------------------------------------- */

static void define_action(struct smtpd *s, const struct smtpd_statement *st)
{
	if (s->action_n == SMTPD_NAMES_MAX)
		gather_cut_at(s->g, &st->place, "more actions than we take");
	if (st->n < 3 || s->action_n == SMTPD_NAMES_MAX)
		return;
	struct smtpd_action *action = &s->actions[s->action_n++];
	*action = (struct smtpd_action){ .name = st->t[1].text };
	action->relays = smtpd_is(st, 2, "relay");
	action->unsure = smtpd_is(st, 2, "expand-only") || smtpd_is(st, 2, "forward-only");
}

static void define_macro(struct smtpd *s, const struct smtpd_statement *st)
{
	if (s->macro_n == SMTPD_NAMES_MAX) {
		gather_cut_at(s->g, &st->place, "more macros than we take");
		return;
	}
	struct buf value = { 0 };
	for (size_t i = 2; i < st->n && value.n < AUDIT_LINE_MAX_BYTES; i++) {
		if (i > 2)
			buf_add_byte(&value, ' ');
		buf_add_str(&value, st->t[i].text);
	}
	s->macros[s->macro_n++] = (struct smtpd_macro){ st->t[0].text,
	                                                arena_str(s->g->a, buf_str(&value)) };
	buf_fini(&value);
}

static int read_one(struct smtpd *s, const char *name, unsigned depth);

static void carry_out(struct smtpd *s, const struct smtpd_statement *st, unsigned depth)
{
	if (st->n >= 2 && smtpd_is(st, 0, "include")) {
		if (depth >= AUDIT_DEPTH_MAX)
			gather_cut_at(s->g, &st->place, "includes within includes, too deep");
		else
			read_one(s, arena_strdup(s->g->a, st->t[1].text), depth + 1);
	} else if (smtpd_is(st, 0, "table")) {
		smtpd_define_table(s, st);
	} else if (smtpd_is(st, 0, "listen")) {
		define_listener(s, st);
	} else if (smtpd_is(st, 0, "action")) {
		define_action(s, st);
	} else if (smtpd_is(st, 0, "match")) {
		smtpd_match(s, st);
	} else if (smtpd_is(st, 0, "accept") || smtpd_is(st, 0, "reject")) {
		gather_unread_at(s->g, &st->place, "a rule in the syntax before 6.4");
	} else if (st->n >= 3 && smtpd_is(st, 1, "=")) {
		define_macro(s, st);
	} else if (st->n >= 2) {
		gather_setting(s->g, st->t[0].text, str_of(st->place.text), "", &st->place);
	}
}

static int read_one(struct smtpd *s, const char *name, unsigned depth)
{
	struct smtpd_source source = { .file = name, .line = 1 };
	struct smtpd_statement st;
	int err = gather_file(s->g, name, false, &source.text);
	if (err != ERR_OK)
		return err;
	while (smtpd_next(s, &source, &st))
		carry_out(s, &st, depth);
	return ERR_OK;
}

int audit_read_opensmtpd(const struct audit_files *files, const char *file, struct arena *a,
                         struct audit_reading *out)
{
	*out = (struct audit_reading){ .mta = MTA_OPENSMTPD };
	struct gather g = { .a = a, .files = files, .out = out };
	struct smtpd *s = arena_alloc(a, sizeof(*s));
	s->g = &g;
	int err = read_one(s, arena_strdup(a, str_of(file)), 0);
	audit_conclude(out, a);
	/* Without a listener it takes mail by its socket alone. */
	if (!out->port_n)
		out->open_to_all = false;
	return err;
}
