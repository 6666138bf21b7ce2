/* SPDX-License-Identifier: ISC
 *
 * The judgement of port 25: see port.h.
 */
#include "doctor/port.h"

#include <stdio.h>

static const char part[] = "port";

enum { ABOUT_MAX = 400, SMTP_PORT = 25 };

void doctor_collector_judge(const struct doctor_collector *c, struct doctor_findings *f)
{
	char about[ABOUT_MAX], at[ENDPOINT_TEXT_MAX];
	if (!c->asked)
		return;
	snprintf(about, sizeof(about), "port 25 in: the collector at %s",
	         endpoint_format(&c->at, at));
	if (c->at.port != SMTP_PORT)
		doctor_find(f, DOCTOR_WRONG, part, about, "set tester.collector to port 25",
		            "others bring mail to port 25 only, not to %u", c->at.port);
	if (c->taken)
		doctor_find(f, DOCTOR_OK, part, about, NULL, "seen from this machine it greets, "
		            "takes mail for both of its domains, and relays none");
	else if (!c->checked && !c->told)
		doctor_find(f, DOCTOR_UNKNOWN, part, about, NULL, "this machine itself cannot "
		            "reach it, which tester.collector_check = no expects");
	else
		doctor_find(f, DOCTOR_WRONG, part, about,
		            c->ours ? "systemctl status portreeve" : NULL,
		            "expected that it greets and takes mail for its domains: %s",
		            c->told ? c->why : "no answer in time");
}

static const char *call_end_text(enum stream_end end)
{
	switch (end) {
	case STREAM_REFUSED: return "connection refused: nobody listens there, or a firewall "
	                            "answers so";
	case STREAM_TIMEOUT: return "no answer in time: somebody between drops what goes to "
	                            "port 25, as many providers do: ask yours to open it";
	case STREAM_UNREACHABLE: return "unreachable: there is no way there, or a firewall says so";
	case STREAM_NO_SOURCE: return "the address is none of this machine";
	case STREAM_RESET: return "connection reset";
	case STREAM_CLOSED: return "it hung up without a greeting";
	case STREAM_TLS_FAILED: return "TLS failed";
	}
	return "";
}

void doctor_call_judge(const struct doctor_call *c, const char *host, struct doctor_findings *f)
{
	char about[ABOUT_MAX], to[ENDPOINT_TEXT_MAX], source[IP_TEXT_MAX];
	struct buf shown = { 0 };
	buf_add_escaped(&shown, str_of(host));
	snprintf(about, sizeof(about), "port %u out: to %.255s at %s%s%s", c->to.port,
	         buf_cstr(&shown), endpoint_format(&c->to, to), c->source.family ? " from " : "",
	         c->source.family ? ip_format(&c->source, source) : "");
	buf_fini(&shown);
	if (!c->greeted)
		doctor_find(f, DOCTOR_WRONG, part, about, NULL, "%s", call_end_text(c->end));
	else if (str_prefix(str_of(c->said), STR("220")))
		doctor_find(f, DOCTOR_OK, part, about, NULL, "it greets: %s", c->said);
	else
		doctor_find(f, DOCTOR_WRONG, part, about, NULL, "it answers, but refuses us or "
		            "is no mail server: %s", c->said);
}

void doctor_call_none(struct doctor_findings *f)
{
	doctor_find(f, DOCTOR_BETTER, part, "port 25 out", "portreeve doctor --to HOST",
	            "not tried: name a mail server that you may call");
}
