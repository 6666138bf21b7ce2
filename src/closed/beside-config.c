/* SPDX-License-Identifier: ISC
 *
 * A parameter of ours takes the other's place; of two -o for one, Postfix takes the last.
 */
#include "closed/beside-config.h"

#include <assert.h>

/* Where a policy service was asked, nobody is; and that counts as if it had nothing to say. */
#define NOBODY "unix:none"

static const char own_parameters[] =
	"multi_instance_directories =\nmulti_instance_enable = no\nmulti_instance_wrapper =\n"
	"syslog_name = portreeve-audit\n"
	"smtpd_policy_service_default_action = DUNNO\nsmtpd_policy_service_try_limit = 1\n"
	"address_verify_map =\nsmtpd_tls_session_cache_database =\n"
	"smtp_tls_session_cache_database =\nlmtp_tls_session_cache_database =\n"
	/* By that its programs find this directory, and not the other's. */
	"import_environment = MAIL_CONFIG TZ LANG=C\nexport_environment = MAIL_CONFIG TZ LANG\n"
	"smtpd_milters =\nnon_smtpd_milters =\n";

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

/* The text without whom it asks. */
static void add_alone(struct buf *out, struct str text)
{
	static const struct str asks = { "check_policy_service", 20 };
	for (size_t at; (at = str_casesearch(text, asks)) != SIZE_MAX;) {
		buf_add(out, text.p, at + asks.n);
		text = str_from(text, at + asks.n);
		size_t n = 0;
		while (n < text.n && is_gap(text.p[n]))
			n++;
		if (n == 0)
			continue;
		buf_add_cstr(out, "," NOBODY);     /* a space would end an argument */
		bool braced = n < text.n && text.p[n] == '{';
		while (n < text.n && (braced ? text.p[n] != '}' : !is_gap(text.p[n])))
			n++;
		text = str_from(text, n + (braced && n < text.n ? 1 : 0));
	}
	buf_add_str(out, text);
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
