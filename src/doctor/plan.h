/* SPDX-License-Identifier: ISC
 *
 * What a configuration needs in the DNS: who receives, who sends, which zones are delegated to
 * whom, and the records that say so, as lines of a zone file. Pure.
 *
 * The configuration is trusted. The addresses that it leaves open are found by the caller.
 */
#ifndef PORTREEVE_DOCTOR_PLAN_H
#define PORTREEVE_DOCTOR_PLAN_H

#include "blocklist/zone.h"
#include "settings/settings.h"

enum { DOCTOR_IPS_MAX = 16, DOCTOR_ZONES_MAX = 2, DOCTOR_DOMAINS = 2, DOCTOR_NAME_MAX = 256,
       DOCTOR_VALUE_MAX = 512, DOCTOR_MAIL_DOMAINS = 16,
       DOCTOR_WAYS_MAX = DOCTOR_MAIL_DOMAINS + 1 };

struct doctor_plan {
	const struct settings *settings;
	/* Of the collector: none where no role here has to do with tests or the list, as where the
	 * gateway runs alone. Then there is no collector, and no zone. */
	const char *domains[DOCTOR_DOMAINS];
	size_t domain_count;
	const char *helo;                        /* the name of this machine */
	char mx_host[DOCTOR_NAME_MAX];           /* the same, unless tests leave from elsewhere */
	struct ip collectors[DOCTOR_IPS_MAX];    /* the first is tester.collector's */
	size_t collector_count;
	struct ip sources[DOCTOR_IPS_MAX];       /* others see us come from them */
	size_t source_count;
	struct blocklist_zone zones[DOCTOR_ZONES_MAX];
	size_t zone_count;
	/* The first of gateway.domains, as A-labels; 0 without the role. */
	char mail[DOCTOR_MAIL_DOMAINS][DOCTOR_NAME_MAX];
	size_t mail_count;
	struct ip gateways[DOCTOR_IPS_MAX];      /* where mail for them arrives */
	size_t gateway_count;
	struct doctor_way {                      /* hosts that it brings mail to by their names */
		const char *from;                /* a domain of `mail`; NULL: the smarthost */
		char host[DOCTOR_NAME_MAX];
		uint16_t port;
	} ways[DOCTOR_WAYS_MAX];
	size_t way_count;
	/* All addresses of this machine; the caller's, who may leave them out. */
	const struct ip *machine;
	size_t machine_count;
	struct fuse fuse;                        /* which addresses are none of the Internet's */
};

/* After settings_load_for_roles(), which has found the zones to be good; the settings outlive it.
 * `found` are the addresses that the system would choose, for a configuration without
 * tester.source. */
void doctor_plan_make(const struct settings *s, const struct ip *found, size_t n,
                      struct doctor_plan *plan);
/* NULL if others can reach the address, else what it is: "a loopback address". */
const char *doctor_plan_unreachable(const struct doctor_plan *plan, const struct ip *ip);
/* Whether the gateway sends its users' mail by itself: not through a smarthost. */
bool doctor_plan_sends(const struct doctor_plan *plan);
bool doctor_plan_has(const struct ip *list, size_t n, const struct ip *ip);

struct doctor_record {
	const char *title;               /* which zone it belongs in; the same for many */
	const char *type;                /* "MX" */
	char name[DOCTOR_NAME_MAX];      /* without the last dot */
	char value[DOCTOR_VALUE_MAX];    /* as in a zone file, names with their last dot */
};
/* Calls back for each, in order; addresses that others cannot reach have none. */
void doctor_plan_records(const struct doctor_plan *plan,
                         void (*each)(void *arg, const struct doctor_record *r), void *arg);
/* Calls back for the addresses of the plan that have no record for that reason. */
void doctor_plan_left_out(const struct doctor_plan *plan,
                          void (*each)(void *arg, const struct ip *ip, const char *why),
                          void *arg);
/* "example.net. IN MX 10 mx.example.net." */
void doctor_record_line(const struct doctor_record *r, struct buf *out);
/* The name in in-addr.arpa or ip6.arpa. */
void doctor_reverse_name(const struct ip *ip, char dst[static DOCTOR_NAME_MAX]);

#endif
