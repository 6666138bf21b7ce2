/* SPDX-License-Identifier: ISC
 *
 * Whom a server asks. A name that is no address of the machine gets one that is nobody's, by the
 * order in which the names come.
 */
#include "audit/callouts.h"

#include <assert.h>

/* 192.0.2.0/24 is for documentation. */
enum { NAMES_FIRST = 200, NAMES_MAX = 50 };

struct calls {
	struct arena *a;
	struct audit_callout *out;
	size_t n, max, name_n;
	const char *queue;               /* NULL: relative paths have no meaning */
};

static bool str_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void call_add(struct calls *c, const struct audit_callout *call)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct audit_callout *old = &c->out[i];
		if (str_same(old->path, call->path) && (call->path ||
		    (ip_eq(&old->at.ip, &call->at.ip) && old->at.port == call->at.port)))
			return;
	}
	if (c->n < c->max)
		c->out[c->n++] = *call;
}

static void path_add(struct calls *c, struct audit_callout call, struct str path)
{
	if (path.n == 0)
		return;
	if (c->queue) {
		call.path = arena_printf(c->a, "%s%s%.*s", c->queue, path.p[0] == '/' ? "" : "/",
		                         STR_ARG(path));
		call_add(c, &call);
	}
	if (path.p[0] == '/') {
		call.path = arena_strdup(c->a, path);
		call_add(c, &call);
	}
}

/* The address that a name was given before, or a new one. */
static bool name_address(struct calls *c, struct str host, struct audit_callout *call)
{
	call->host = arena_strdup(c->a, host);
	for (size_t i = 0; i < c->n; i++)
		if (c->out[i].host && str_caseeq(str_of(c->out[i].host), host)) {
			call->at.ip = c->out[i].at.ip;
			return true;
		}
	if (c->name_n == NAMES_MAX)
		return false;
	call->at.ip = ip_from_v4(192, 0, 2, (uint8_t)(NAMES_FIRST + c->name_n++));
	return true;
}

static void host_add(struct calls *c, struct audit_callout call, struct str host, struct str port)
{
	uint64_t number;
	if (host.n > 1 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = (struct str){ host.p + 1, host.n - 2 };
	if (str_caseprefix(host, STR("IPv6:")))
		host = str_from(host, 5);
	if (str_u64(port, UINT16_MAX, &number) != ERR_OK || number == 0)
		return;
	call.at.port = (uint16_t)number;
	if (host.n == 0 || str_caseeq(host, STR("localhost"))) {
		call.at.ip = ip_from_v4(127, 0, 0, 1);
		call_add(c, &call);
		call.at.ip = (struct ip){ .family = 6, .b = { [15] = 1 } };
		call_add(c, &call);
	} else if (ip_parse(host, &call.at.ip, NULL) == ERR_OK || name_address(c, host, &call)) {
		call_add(c, &call);
	}
}

/* Where the last of these stands; SIZE_MAX: nowhere. */
static size_t last_of(struct str s, char wanted)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == wanted)
			return i - 1;
	return SIZE_MAX;
}

/* "unix:path", "local:path", "inet:host:port", and what has no scheme: "host:port", "port" or, of
 * who checks passwords, a path. */
static void socket_add(struct calls *c, enum audit_callout_kind kind, struct str text)
{
	const struct audit_callout call = { .kind = kind, .text = arena_strdup(c->a, text) };
	if (str_caseprefix(text, STR("unix:")) || str_caseprefix(text, STR("local:"))) {
		path_add(c, call, str_from(text, str_find(text, ':') + 1));
		return;
	}
	if (str_caseprefix(text, STR("inet:")) || str_caseprefix(text, STR("inet6:"))) {
		text = str_from(text, str_find(text, ':') + 1);
	} else if (kind == AUDIT_CALL_AUTH) {
		path_add(c, call, text);
		return;
	}
	const size_t colon = last_of(text, ':');
	if (colon == SIZE_MAX)
		host_add(c, call, STR(""), text);
	else
		host_add(c, call, (struct str){ text.p, colon }, str_from(text, colon + 1));
}

/* ---- Postfix ------------------------------------------------------------------- */

/* A word, or the first one within braces: "{ inet:host:port, timeout=10s }". */
static bool item_next(struct str *rest, struct str *item)
{
	while (rest->n && (ascii_isspace(rest->p[0]) || rest->p[0] == ','))
		*rest = str_from(*rest, 1);
	if (!rest->n || rest->p[0] != '{')
		return str_token(rest, ", \t\r\n", item);
	const size_t end = str_find(*rest, '}');
	struct str inside = { rest->p + 1, (end == SIZE_MAX ? rest->n : end) - 1 };
	*rest = end == SIZE_MAX ? STR("") : str_from(*rest, end + 1);
	return str_token(&inside, ", \t\r\n", item);
}

static struct str value_of(struct audit_config *config, const char *service, const char *name)
{
	const struct audit_setting *s = audit_config_setting(config, service, name);
	return str_of(s ? s->value : "");
}

static void policies_add(struct calls *c, struct str list)
{
	for (struct str item; item_next(&list, &item);)
		if (str_caseeq(item, STR("check_policy_service")) && item_next(&list, &item))
			socket_add(c, AUDIT_CALL_POLICY, item);
}

static void service_add(struct calls *c, struct audit_config *config, const char *service)
{
	static const char *const lists[] = {
		"smtpd_client_restrictions", "smtpd_helo_restrictions", "smtpd_sender_restrictions",
		"smtpd_relay_restrictions", "smtpd_recipient_restrictions",
	};
	struct str items = value_of(config, service, "smtpd_milters"), item;
	while (item_next(&items, &item))
		if (!str_caseeq(item, STR("DISABLE")))
			socket_add(c, AUDIT_CALL_MILTER, item);
	item = str_trim(value_of(config, service, "smtpd_proxy_filter"));
	if (item.n)
		socket_add(c, AUDIT_CALL_FILTER, item);
	item = str_trim(value_of(config, service, "smtpd_sasl_path"));
	if (item.n && str_eq(str_trim(value_of(config, service, "smtpd_sasl_type")),
	                     STR("dovecot")))
		socket_add(c, AUDIT_CALL_AUTH, item);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		policies_add(c, value_of(config, service, lists[i]));
	items = value_of(config, service, "smtpd_restriction_classes");
	while (item_next(&items, &item))
		policies_add(c, value_of(config, service, arena_strdup(c->a, item)));
}

/* Who rewrites addresses: "tcp:host:port", "socketmap:unix:path:name". */
static void tables_add(struct calls *c, struct str list)
{
	for (struct str item; item_next(&list, &item);) {
		if (str_caseprefix(item, STR("proxy:")))
			item = str_from(item, 6);
		if (str_caseprefix(item, STR("tcp:")))
			socket_add(c, AUDIT_CALL_TABLE, str_from(item, 4));
		const size_t name = last_of(item, ':');
		if (str_caseprefix(item, STR("socketmap:")) && name > 10)
			socket_add(c, AUDIT_CALL_SOCKETMAP,
			           (struct str){ item.p + 10, name - 10 });
	}
}

static void postfix_add(struct calls *c, struct audit_config *config)
{
	const struct audit_reading *r = audit_config_reading(config);
	const struct str queue = str_trim(value_of(config, "", "queue_directory"));
	c->queue = queue.n && queue.p[0] == '/' ? arena_strdup(c->a, queue) : "/var/spool/postfix";
	service_add(c, config, "");
	tables_add(c, value_of(config, "", "canonical_maps"));
	tables_add(c, value_of(config, "", "sender_canonical_maps"));
	tables_add(c, value_of(config, "", "recipient_canonical_maps"));
	for (size_t i = 0; i < r->port_n; i++)
		if (r->ports[i].service[0])
			service_add(c, config, r->ports[i].service);
}

/* ---- Sendmail ------------------------------------------------------------------ */

/* "name, S=local:/path, F=T": "inet:port@host" is its own way to say it. */
static void sendmail_add_one(struct calls *c, struct str line)
{
	struct str field;
	while (str_token(&line, ",", &field)) {
		field = str_trim(field);
		if (!str_caseprefix(field, STR("S=")))
			continue;
		field = str_trim(str_from(field, 2));
		const size_t at = last_of(field, '@'), colon = str_find(field, ':');
		const struct audit_callout call = { .kind = AUDIT_CALL_MILTER,
		                                    .text = arena_strdup(c->a, field) };
		if (str_caseprefix(field, STR("inet")) && at != SIZE_MAX && colon < at)
			host_add(c, call, str_from(field, at + 1),
			         (struct str){ field.p + colon + 1, at - colon - 1 });
		else
			socket_add(c, AUDIT_CALL_MILTER, field);
	}
}

size_t audit_callouts(struct audit_config *config, struct arena *a, struct audit_callout *out,
                      size_t max)
{
	struct calls c = { .a = a, .out = out, .max = max };
	const struct audit_reading *r = audit_config_reading(config);
	if (r->mta == MTA_POSTFIX)
		postfix_add(&c, config);
	for (size_t i = 0; r->mta == MTA_SENDMAIL && i < r->setting_n; i++)
		if (strcmp(r->settings[i].name, "X") == 0)
			sendmail_add_one(&c, str_of(r->settings[i].value));
	assert(c.n <= max);
	return c.n;
}

const char *audit_callout_title(enum audit_callout_kind kind)
{
	switch (kind) {
	case AUDIT_CALL_MILTER: return "a milter";
	case AUDIT_CALL_POLICY: return "a policy service";
	case AUDIT_CALL_FILTER: return "a proxy before the queue";
	case AUDIT_CALL_AUTH: return "who checks passwords";
	case AUDIT_CALL_TABLE:
	case AUDIT_CALL_SOCKETMAP: return "who rewrites addresses";
	}
	return "";
}
