/* SPDX-License-Identifier: ISC
 *
 * A parameter of ours takes the other's place; of two -o for one, Postfix takes the last.
 */
#include "closed/beside-config.h"

#include <assert.h>

#define SAYS_NOTHING "check_client_access,static:DUNNO"

static const char own_parameters[] =
	"multi_instance_directories =\nmulti_instance_enable = no\nmulti_instance_wrapper =\n"
	"syslog_name = portreeve-audit\n"
	"smtpd_policy_service_default_action = DUNNO\nsmtpd_policy_service_try_limit = 1\n"
	"address_verify_map =\nsmtpd_tls_session_cache_database =\n"
	"smtp_tls_session_cache_database =\nlmtp_tls_session_cache_database =\n"
	/* By that its programs find this directory, and not the other's. */
	"import_environment = MAIL_CONFIG TZ LANG=C\nexport_environment = MAIL_CONFIG TZ LANG\n"
	"smtpd_milters =\nnon_smtpd_milters =\n"
	/* No queue manager runs here, whose word a message would be waited for, a second each. */
	"in_flow_delay = 0\n";

static const char own_options[] =
	" -o smtpd_authorized_xclient_hosts=127.0.0.1 -o smtpd_milters= -o smtpd_proxy_filter="
	" -o smtpd_sasl_auth_enable=no -o smtpd_upstream_proxy_protocol="
	" -o smtpd_client_connection_count_limit=0 -o smtpd_client_connection_rate_limit=0"
	" -o smtpd_client_message_rate_limit=0 -o smtpd_client_recipient_rate_limit=0"
	" -o smtpd_error_sleep_time=0\n";

/* What smtpd needs to answer to RCPT, and no more. */
static const char own_services[] =
	"cleanup unix n - n - 0 cleanup\nrewrite unix - - n - - trivial-rewrite\n"
	"proxymap unix - - n - - proxymap\nproxywrite unix - - n - 1 proxymap\n"
	"anvil unix - - n - 1 anvil\ntlsmgr unix - - n 1000? 1 tlsmgr\n"
	"verify unix - - n - 1 verify\nbounce unix - - n - 0 bounce\n"
	"defer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\n"
	"postlog unix-dgram n - n - 1 postlogd\n";

static bool is_gap(char c)
{
	return ascii_isspace(c) || c == ',';
}

/* What asks somebody; and what refuses by DNS or by a delivery, which here are not the server's. A
 * name that ends with '*' is a beginning. Each gets something in its place that says nothing: what
 * stands before it may be about the next (warn_if_reject). A space would end an argument. */
static const struct unasked {
	struct str name;
	bool begins, has_argument, by_names;
	const char *instead;
} unasked[] = {
	{ { "check_policy_service", 20 }, false, true, false, "check_policy_service,unix:none" },
	{ { "reject_unknown_", 15 }, true, false, true, SAYS_NOTHING },
	{ { "reject_unverified_", 18 }, true, false, true, SAYS_NOTHING },
	{ { "reject_rbl_client", 17 }, false, true, true, SAYS_NOTHING },
	{ { "reject_rhsbl_", 13 }, true, true, true, SAYS_NOTHING },
	{ { "reject_maps_rbl", 15 }, false, false, true, SAYS_NOTHING },
};

/* Where that word ends in the text, if it begins there; else 0. */
static size_t word_end(struct str text, const struct unasked *u)
{
	size_t n = u->name.n;
	if (text.n < n || !str_caseeq((struct str){ text.p, n }, u->name))
		return 0;
	while (u->begins && n < text.n &&
	       (ascii_isalnum((unsigned char)text.p[n]) || text.p[n] == '_'))
		n++;
	return n == text.n || is_gap(text.p[n]) || text.p[n] == '}' ? n : 0;
}

/* Behind the argument that follows, in braces or not; else 0. */
static size_t argument_end(struct str text)
{
	size_t n = 0;
	while (n < text.n && is_gap(text.p[n]))
		n++;
	if (n == 0)
		return 0;
	bool braced = n < text.n && text.p[n] == '{';
	while (n < text.n && (braced ? text.p[n] != '}' : !is_gap(text.p[n])))
		n++;
	return n + (braced && n < text.n ? 1 : 0);
}

static const struct unasked *unasked_find(struct str text, size_t *n)
{
	for (size_t i = 0; i < sizeof(unasked) / sizeof(unasked[0]); i++) {
		const struct unasked *u = &unasked[i];
		const size_t end = word_end(text, u);
		const size_t more = end && u->has_argument ? argument_end(str_from(text, end)) : 0;
		*n = end + more;
		if (end && (more || !u->has_argument))
			return u;
	}
	return NULL;
}

static bool is_inside(char c)
{
	return ascii_isalnum((unsigned char)c) || c == '_';
}

/* The text without whom it asks; whether something by names was among it. */
static bool add_alone(struct buf *out, struct str text)
{
	bool by_names = false, inside = false;
	while (text.n) {
		size_t n = 0;
		const struct unasked *u = inside ? NULL : unasked_find(text, &n);
		if (u) {
			buf_add_cstr(out, u->instead);
			by_names |= u->by_names;
		} else {
			buf_add_byte(out, (uint8_t)text.p[n++]);
		}
		inside = !u && is_inside(text.p[0]);
		text = str_from(text, n);
	}
	return by_names;
}

/* Of the lines behind a first: with a space they go on, and comments and empty ones do
 * not end it. */
static bool goes_on(char first)
{
	return first == ' ' || first == '\t' || first == '#' || first == '\n' || first == '\r';
}

/* The next service or parameter, with the lines that belong to it. */
static bool lines_next(struct str *rest, struct str *whole)
{
	while (rest->n) {
		size_t n = str_find(*rest, '\n');
		n = n == SIZE_MAX ? rest->n : n + 1;
		while (n < rest->n && goes_on(rest->p[n])) {
			size_t more = str_find(str_from(*rest, n), '\n');
			n = more == SIZE_MAX ? rest->n : n + more + 1;
		}
		*whole = (struct str){ rest->p, n };
		*rest = str_from(*rest, n);
		if (whole->p[0] != '#' && str_trim(*whole).n)
			return true;
	}
	return false;
}

static struct str name_of(struct str line)
{
	size_t equals = str_find(line, '=');
	return str_trim((struct str){ line.p, equals == SIZE_MAX ? line.n : equals });
}

static bool is_set_in(struct str parameters, struct str name)
{
	struct str line;
	while (str_token(&parameters, "\n", &line))
		if (str_eq(name_of(line), name))
			return true;
	return false;
}

/* Of two lines with one name Postfix would warn, in the machine's log. */
void beside_main(struct str original, const char *directory, struct buf *out)
{
	struct buf own = { 0 };
	struct str line;
	buf_printf(&own, "%squeue_directory = %s/spool\ndata_directory = %s/data\n"
	           "maillog_file = %s/log/mail\nmaillog_file_prefixes = %s\n"
	           "tls_random_exchange_name = %s/data/prng\n", own_parameters, directory,
	           directory, directory, directory, directory);
	while (lines_next(&original, &line))
		if (!is_set_in(buf_str(&own), name_of(line)))
			add_alone(out, line);
	buf_add_byte(out, '\n');
	buf_add_str(out, buf_str(&own));
	buf_fini(&own);
}

/* Comments may stand among the lines. */
static void add_arguments(struct buf *out, struct str arguments)
{
	struct str line;
	struct buf all = { 0 };
	while (str_token(&arguments, "\n", &line)) {
		struct str words = str_trim(line);
		if (words.n && words.p[0] != '#')
			buf_printf(&all, " %.*s", STR_ARG(words));
	}
	add_alone(out, buf_str(&all));
	buf_fini(&all);
}

size_t beside_master(struct str original, const uint16_t *ports, size_t n,
                     struct beside_service *services, struct buf *out)
{
	enum { NAME, TYPE, COMMAND = 7, FIELDS };
	struct str line, fields[FIELDS];
	size_t count = 0;
	while (count < n && lines_next(&original, &line)) {
		bool whole = true;
		for (size_t i = 0; whole && i < FIELDS; i++)
			whole = str_token(&line, " \t\r\n", &fields[i]);
		if (!whole || !str_eq(fields[COMMAND], STR("smtpd")) ||
		    (!str_eq(fields[TYPE], STR("inet")) && !str_eq(fields[TYPE], STR("pass"))))
			continue;
		struct beside_service *s = &services[count];
		if (!str_copy(s->name, sizeof(s->name), fields[NAME]))
			continue;
		s->port = ports[count++];
		buf_printf(out, "127.0.0.1:%u inet n - n - - smtpd", (unsigned)s->port);
		add_arguments(out, line);
		buf_add_cstr(out, own_options);
	}
	buf_add_cstr(out, own_services);
	assert(count <= n);
	return count;
}

bool beside_asks_names(struct str original)
{
	struct str line;
	struct buf unused = { 0 };
	bool asks = false;
	while (lines_next(&original, &line))
		asks |= add_alone(&unused, line);
	buf_fini(&unused);
	return asks;
}

bool beside_hides(struct str original)
{
	struct str line;
	while (str_token(&original, "\n", &line)) {
		line = str_trim(line);
		if (line.n && line.p[0] != '#' &&
		    str_casesearch(line, STR("permit_inet_interfaces")) != SIZE_MAX)
			return true;
	}
	return false;
}
