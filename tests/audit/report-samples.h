/* SPDX-License-Identifier: ISC
 *
 * Reports of three machines, as a judge would fill them: a sound Postfix of Debian, one that a
 * typo opened to the world, and one that strangers reach by a container bridge that it trusts.
 */
#ifndef PORTREEVE_TESTS_AUDIT_REPORT_SAMPLES_H
#define PORTREEVE_TESTS_AUDIT_REPORT_SAMPLES_H

#include "audit/report.h"

#define SAMPLE_N(array) (sizeof(array) / sizeof(*(array)))
#define SAMPLE_MAIN "/etc/postfix/main.cf"

static const struct audit_asker sample_stranger4 = {
	AUDIT_STRANGER4, { 4, { 8, 8, 8, 8 } }, { { 4, { 0 } }, 0 }, "", false };
static const struct audit_asker sample_stranger6 = {
	AUDIT_STRANGER6, { 6, { 0x2a, [15] = 0x25 } }, { { 6, { 0 } }, 0 }, "", false };
static const struct audit_asker sample_loopback4 = {
	AUDIT_LOOPBACK, { 4, { 127, 0, 0, 1 } }, { { 4, { 127, 0, 0, 1 } }, 32 }, "lo", false };
static const struct audit_asker sample_loopback6 = {
	AUDIT_LOOPBACK, { 6, { [15] = 1 } }, { { 6, { [15] = 1 } }, 128 }, "lo", false };
static const struct audit_asker sample_gateway = {
	AUDIT_GATEWAY, { 4, { 203, 0, 113, 1 } }, { { 4, { 203, 0, 113, 1 } }, 32 }, "eth0", false };
static const struct audit_asker sample_neighbour = {
	AUDIT_NEIGHBOUR, { 4, { 203, 0, 113, 2 } }, { { 4, { 203, 0, 113, 0 } }, 24 }, "eth0", false };
static const struct audit_asker sample_bridge = {
	AUDIT_BRIDGE, { 4, { 172, 18, 0, 1 } }, { { 4, { 172, 18, 0, 1 } }, 32 }, "br-4f2a", false };
static const struct audit_asker sample_container = {
	AUDIT_CONTAINER, { 4, { 172, 18, 0, 2 } }, { { 4, { 172, 18, 0, 0 } }, 16 }, "br-4f2a", false };
static const struct audit_asker sample_range = {
	AUDIT_RANGE, { 4, { 172, 16, 0, 1 } }, { { 4, { 172, 16, 0, 0 } }, 12 }, "", false };

static const char *sample_plain[] = { "E01" };

static inline void sample_begin(struct audit_report *r, struct arena *a)
{
	*r = (struct audit_report){
		.arena = a, .mta = MTA_POSTFIX, .version = "3.7.11-0+deb12u1",
		.host_name = "mail.example.org", .how = "a second server in a closed room",
		.time_s = 1795867200, .summary = "",
	};
}

static inline struct audit_who sample_who(const struct audit_asker *asker, uint16_t port,
                                          const struct audit_line *by)
{
	return (struct audit_who){ .asker = asker, .port = port, .forms = sample_plain,
	                           .form_n = 1, .by = by, .by_n = 1 };
}

static inline void sample_row(struct audit_report *r, const struct audit_asker *asker,
                              uint16_t port, enum audit_tls tls, const struct audit_who *who)
{
	struct audit_row row = { .asker = asker, .port = port, .tls = tls, .why = "", .who = who,
	                         .plain = who ? AUDIT_TAKEN : AUDIT_REFUSED };
	r->rows[r->row_n++] = row;
}

static inline void sample_closed(struct audit_report *r, struct arena *a)
{
	static const struct audit_line by = { "mynetworks", {
		SAMPLE_MAIN, 41, "mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128" } };
	static struct audit_who who[2];
	static struct audit_row rows[8];
	static const struct audit_asker *const asked[] = {
		&sample_stranger4, &sample_stranger6, &sample_gateway, &sample_neighbour,
	};
	static struct audit_unasked unasked[] = {
		{ "port 465", "nobody listens there" },
		{ "E02, port 587", "no answer came" }, { "E03, port 25", "no answer came" },
		{ "E03, port 587", "no answer came" }, { "E04, port 587", "no answer came" },
		{ "E05, port 587", "it wants a login" }, { "E06, port 587", "no answer came" },
		{ "E07, port 587", "no answer came" },
	};
	sample_begin(r, a);
	r->verdict = AUDIT_CLOSED;
	r->summary = "closed: nobody but this machine may relay";
	r->rows = rows;
	for (size_t i = 0; i < SAMPLE_N(asked); i++)
		sample_row(r, asked[i], 25, AUDIT_CLEAR, NULL);
	sample_row(r, asked[0], 25, AUDIT_STARTTLS, NULL);
	who[0] = sample_who(&sample_loopback4, 25, &by);
	who[1] = sample_who(&sample_loopback6, 25, &by);
	for (size_t i = 0; i < 2; i++) {
		who[i].sound = true;
		sample_row(r, who[i].asker, 25, AUDIT_CLEAR, &who[i]);
	}
	r->who = who;
	r->who_n = 2;
	r->unasked = unasked;
	r->unasked_n = SAMPLE_N(unasked);
}

static inline void sample_world(struct audit_report *r, struct arena *a)
{
	static const struct audit_line by = { "mynetworks", {
		SAMPLE_MAIN, 23, "mynetworks = 127.0.0.0/8 0.0.0.0/0" } };
	static const char *const fix[] = { "postconf -e 'mynetworks = 127.0.0.0/8 [::1]/128'",
	                                   "postfix reload" };
	static struct audit_finding findings[] = { {
		AUDIT_OPEN, "C6", "mynetworks trusts the whole Internet",
		"0.0.0.0/0 is every IPv4 address that there is. A stranger at 8.8.8.8 sent mail to a "
		"foreign domain at the ports 25 and 587, and the server took it.",
		&by, 1, fix, SAMPLE_N(fix), "portreeve audit says \"closed\"" } };
	static struct audit_who who[3];
	static struct audit_row rows[8];
	sample_begin(r, a);
	r->verdict = AUDIT_WORLD;
	r->summary = "open to the whole Internet: any stranger may send through it, by IPv4";
	r->rows = rows;
	who[0] = sample_who(&sample_stranger4, 25, &by);
	who[1] = sample_who(&sample_stranger4, 587, &by);
	who[1].tls = AUDIT_STARTTLS;
	who[2] = sample_who(&sample_loopback4, 25, &by);
	who[2].sound = true;
	for (size_t i = 0; i < 3; i++)
		sample_row(r, who[i].asker, who[i].port, who[i].tls, &who[i]);
	sample_row(r, &sample_stranger6, 25, AUDIT_CLEAR, NULL);
	sample_row(r, &sample_stranger6, 587, AUDIT_STARTTLS, NULL);
	r->who = who;
	r->who_n = 3;
	r->findings = findings;
	r->finding_n = 1;
}

static inline void sample_wide(struct audit_report *r, struct arena *a)
{
	static const struct audit_line by[] = {
		{ "mynetworks", { SAMPLE_MAIN, 23, "mynetworks = 127.0.0.0/8 172.16.0.0/12" } },
		{ "-o smtpd_relay_restrictions", { "/etc/postfix/master.cf", 18,
		  "  -o smtpd_relay_restrictions=permit_mynetworks,reject_unauth_destination" } } };
	static const char *const fix[] = {
		"postconf -e 'mynetworks = 127.0.0.0/8 [::1]/128'", "postfix reload" };
	static const char *const proxy_fix[] = {
		"# in /etc/docker/daemon.json, then: systemctl restart docker",
		"{ \"userland-proxy\": false, \"ipv6\": true }" };
	static struct audit_finding findings[] = {
		{ AUDIT_OPEN, "C1", "Strangers by IPv6 arrive as 172.18.0.1, and that is trusted",
		  "docker-proxy listens at [::]:25 and passes connections on to 172.18.0.2:25. The "
		  "server sees each of them from 172.18.0.1, which is in 172.16.0.0/12.",
		  by, 2, fix, SAMPLE_N(fix), "portreeve audit says \"closed\"" },
		{ AUDIT_WARN, "C2", "All containers may send through this server",
		  "172.16.0.0/12 holds every network that Docker makes by itself.", by, 1, proxy_fix,
		  SAMPLE_N(proxy_fix), "docker network inspect bridge shows an IPv6 subnet" } };
	static struct audit_who who[4];
	static struct audit_row rows[8];
	sample_begin(r, a);
	r->verdict = AUDIT_WIDE;
	r->summary = "open to more than you think: 172.16.0.0/12, and strangers who arrive as "
	             "172.18.0.1";
	r->rows = rows;
	who[0] = sample_who(&sample_bridge, 25, by);
	who[0].strangers = true;
	who[0].by_n = 2;
	who[1] = sample_who(&sample_container, 25, by);
	who[2] = sample_who(&sample_range, 25, by);
	who[3] = sample_who(&sample_loopback4, 25, by);
	who[3].sound = true;
	sample_row(r, &sample_stranger4, 25, AUDIT_CLEAR, NULL);
	sample_row(r, &sample_stranger6, 25, AUDIT_CLEAR, NULL);
	for (size_t i = 0; i < 4; i++)
		sample_row(r, who[i].asker, 25, AUDIT_CLEAR, &who[i]);
	r->who = who;
	r->who_n = 4;
	r->findings = findings;
	r->finding_n = 2;
}

#endif
