/* SPDX-License-Identifier: ISC
 *
 * What all steps of the desk rest on: whether the configuration lets reports be made and sent, and
 * how old a message may be.
 */
#include "report/desk-private.h"

#include "mail/address.h"
#include "mail/date.h"

int desk_store_refuses(const struct desk *desk, int err, const char *what, struct buf *problem)
{
	const char *said = store_message(desk->store);
	buf_printf(problem, "%s: %s", what, said && said[0] ? said : err_text(err));
	return err;
}

const char *desk_own_address(const struct desk *desk)
{
	return desk->config->from[0] ? desk->config->from : desk->contact;
}

int desk_check(const struct desk *desk, struct buf *problem)
{
	const char *own = desk_own_address(desk);
	int e = report_config_check(desk->config, problem);
	if (e != ERR_OK || mail_address_valid(str_of(own)))
		return e;
	buf_add_cstr(problem, "report.from: expected a mail address, found \"");
	buf_add_escaped(problem, str_of(own));
	buf_add_cstr(problem, "\"");
	return ERR_INVALID;
}

/* ---- who sends ------------------------------------------------------------ */

/* A name that nobody has: an example of the manual, or what a machine calls itself. (What ends in
 * ".example" is a lab's.) */
static bool is_nobodys(struct str host)
{
	static const char *const domains[] = {
		"example.org", "example.com", "example.net", "invalid", "localhost",
		"localdomain",
	};
	for (size_t i = 0; i < sizeof(domains) / sizeof(*domains); i++)
		if (str_in_domain(host, str_of(domains[i])))
			return true;
	return str_find(host, '.') == SIZE_MAX;
}

static int expected(struct buf *problem, const char *name, const char *what, const char *found,
                    bool given)
{
	buf_printf(problem, "%s: expected %s, found ", name, what);
	if (*found)
		buf_printf(problem, "\"%s\"%s", found, given ? "" : ", which nobody configured");
	else
		buf_add_cstr(problem, "none");
	return ERR_INVALID;
}

int desk_check_sender(const struct desk *desk, struct buf *problem)
{
	const struct report_config *config = desk->config;
	const char *own = desk_own_address(desk), *at = strrchr(own, '@');
	bool given = config->from[0] || desk->contact_given;
	if (!config->smarthost[0])
		return expected(problem, "report.smarthost", "a server that takes reports", "",
		                true);
	if (!desk->hostname_given || is_nobodys(str_of(desk->hostname)))
		return expected(problem, "hostname", "the name of this machine, to send reports",
		                desk->hostname, desk->hostname_given);
	if (!given || is_nobodys(str_of(at ? at + 1 : own)))
		return expected(problem, config->from[0] ? "report.from" : "contact",
		                "an address where answers to reports are read", own, given);
	return ERR_OK;
}

/* ---- how old it is ------------------------------------------------------- */

/* As arf.c wrote it, in the part for programs, which no byte of the message precedes. */
int64_t desk_arrival(const struct report *report)
{
	static const struct str part = { "\r\nFeedback-Type: ", 17 };
	struct str rest = report->message;
	struct mail_date date;
	size_t at = str_search(rest, part);
	if (at == SIZE_MAX)
		return 0;
	rest = str_from(rest, at);
	size_t end = str_search(rest, STR("\r\n\r\n"));
	rest.n = end == SIZE_MAX ? rest.n : end;
	at = str_search(rest, STR("\r\nArrival-Date: "));
	if (at == SIZE_MAX)
		return 0;
	rest = str_from(rest, at + 16);
	end = str_search(rest, STR("\r\n"));
	rest.n = end == SIZE_MAX ? rest.n : end;
	return mail_date_parse(rest, &date) == ERR_OK ? date.time_s : 0;
}

bool desk_is_old(const struct desk *desk, int64_t arrival_s, struct buf *why)
{
	enum { DAY_S = 86400, HOUR_S = 3600 };
	int64_t age_s = desk->now_s - arrival_s;
	if (arrival_s == 0) {
		buf_add_cstr(why, "nobody wrote down when its message came");
		return true;
	}
	if (age_s <= desk->config->old_after_s)
		return false;
	if (age_s >= 2 * DAY_S)
		buf_printf(why, "its message came %lld days ago", (long long)(age_s / DAY_S));
	else
		buf_printf(why, "its message came %lld hours ago", (long long)(age_s / HOUR_S));
	return true;
}
