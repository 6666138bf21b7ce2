/* SPDX-License-Identifier: ISC
 *
 * The answers of a list and of its test entries, judged by RFC 5782.
 */
#include "lookup/judge.h"

#include <stdio.h>

const char *lookup_verdict_name(enum lookup_verdict v)
{
	switch (v) {
	case LOOKUP_NOT_LISTED: return "not listed";
	case LOOKUP_LISTED: return "listed";
	case LOOKUP_SICK: return "sick";
	}
	return "unknown";
}

/* What makes an address no answer of a working list, or NULL. */
static const char *wrong_code(const struct ip *code)
{
	const uint8_t *b = code->b;
	if (code->family != 4 || b[0] != 127)
		return "is outside 127.0.0.0/8: not a list, or its domain has a new owner";
	if (b[1] == 0 && b[2] == 0 && b[3] == 1)
		return "means nothing: no list may use it";
	if (b[1] == 255 && b[2] == 255)
		return "is an error code: the list refuses this resolver or this question";
	return NULL;
}

static enum lookup_verdict judge_codes(const struct dns_result *answer, char *problem)
{
	for (size_t i = 0; i < answer->ip_count; i++) {
		const char *wrong = wrong_code(&answer->ips[i]);
		char text[IP_TEXT_MAX];
		if (wrong) {
			snprintf(problem, LOOKUP_PROBLEM_MAX, "its answer %s %s",
			         ip_format(&answer->ips[i], text), wrong);
			return LOOKUP_SICK;
		}
	}
	return answer->ip_count ? LOOKUP_LISTED : LOOKUP_NOT_LISTED;
}

enum lookup_verdict lookup_judge(const struct dns_result *answer,
                                 char problem[static LOOKUP_PROBLEM_MAX])
{
	const char *why = NULL;
	problem[0] = '\0';
	switch (answer->status) {
	case DNS_FOUND: return judge_codes(answer, problem);
	case DNS_NODATA:
	case DNS_NXDOMAIN: return LOOKUP_NOT_LISTED;
	case DNS_SERVFAIL: why = "no name server could answer (SERVFAIL)"; break;
	case DNS_REFUSED: why = "the question was refused (REFUSED)"; break;
	case DNS_TIMEOUT: why = "no answer came in time"; break;
	case DNS_MALFORMED: why = "the answer breaks the DNS protocol"; break;
	case DNS_BAD_NAME: why = "its name cannot be asked for"; break;
	}
	snprintf(problem, LOOKUP_PROBLEM_MAX, "%s", why ? why : "unknown");
	return LOOKUP_SICK;
}

static bool unhealthy(char *problem, const char *what, const char *detail)
{
	char copy[LOOKUP_PROBLEM_MAX];
	str_copy(copy, sizeof(copy), str_of(detail));
	if (snprintf(problem, LOOKUP_PROBLEM_MAX, "%s: %s", what, copy) >= LOOKUP_PROBLEM_MAX)
		problem[LOOKUP_PROBLEM_MAX - 1] = '\0';
	return false;
}

bool lookup_judge_health(const struct dns_result *listed, const struct dns_result *unlisted,
                         char problem[static LOOKUP_PROBLEM_MAX])
{
	enum lookup_verdict v = lookup_judge(listed, problem);
	if (v == LOOKUP_SICK)
		return unhealthy(problem, "its test entry 127.0.0.2", problem);
	if (v == LOOKUP_NOT_LISTED)
		return unhealthy(problem, "its test entry 127.0.0.2",
		                 "not listed, as RFC 5782 demands for this kind of address");
	v = lookup_judge(unlisted, problem);
	if (v == LOOKUP_SICK)
		return unhealthy(problem, "its entry for 127.0.0.1", problem);
	if (v == LOOKUP_LISTED)
		return unhealthy(problem, "its entry for 127.0.0.1",
		                 "listed: it lists what no list may, perhaps everything");
	return true;
}

static struct ip test_entry(uint8_t family, uint8_t last)
{
	if (family == 4)
		return ip_from_v4(127, 0, 0, last);
	return (struct ip){ 6, { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = last } };
}

struct ip lookup_test_listed(uint8_t family) { return test_entry(family, 2); }
struct ip lookup_test_unlisted(uint8_t family) { return test_entry(family, 1); }
