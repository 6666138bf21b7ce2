/* SPDX-License-Identifier: ISC
 *
 * How findings are made: a draft is begun, sentences, lines and a fix are added to it; findings.c
 * puts them in order. By theme: who may relay (findings-who.c, by forms findings-form.c), the
 * configuration alone (findings-config.c, -mail.c), the network and we ourselves
 * (findings-network.c). Fixes are made of the lines that are there (findings-fix.c, -list.c,
 * -rules.c), and written as findings-paste.c has it.
 *
 * Hostile input: texts of configurations. A fix is pasted into a shell: what comes from a file
 * stands there in a comment, in lines for a file, between single quotes, or is plain
 * (finding_is_plain()).
 */
#ifndef PORTREEVE_AUDIT_FINDINGS_PRIVATE_H
#define PORTREEVE_AUDIT_FINDINGS_PRIVATE_H

#include "audit/report.h"
#include "catalogue/cause.h"

enum {
	FINDINGS_MAX = 40,               /* that are shown */
	FINDING_DRAFTS_MAX = 120,
	FINDING_LINES_MAX = 8, FINDING_FIX_MAX = 32, FINDING_WHY_MAX = 4000, FINDING_ROWS_MAX = 64,
	FINDING_EVERYBODY = 200,         /* how many people: more than any range counts */
};

struct finding_draft {
	enum audit_severity severity;
	const char *cause, *title, *check;
	const char *why;
	unsigned people;
	struct audit_line lines[FINDING_LINES_MAX];
	const char *fix[FINDING_FIX_MAX];
	size_t line_n, fix_n;
};

struct findings {
	const struct audit_known *known;
	const struct audit_report *report;
	struct arena *a;
	struct audit_config *config;
	const struct audit_reading *reading;
	struct finding_draft *drafts;
	size_t n;
	struct finding_draft beyond;     /* is filled, and lost, when there is no room */
};

/* Rows of who may relay that have cause and deciding line in common. */
struct finding_group {
	const struct audit_who *rows[FINDING_ROWS_MAX];
	size_t n;
	const char *cause;
	const struct audit_arrival *arrival;     /* by which strangers are one of them; NULL */
	bool by_form;                    /* the plain form is refused */
	const char *forms[FINDING_ROWS_MAX];
	size_t form_n;
};

/* ---- findings-draft.c */
/* Title as the cause has it if it is NULL. Never NULL. */
struct finding_draft *finding_begin(struct findings *fs, enum audit_severity severity,
                                    const char *cause, const char *title, unsigned people);
bool finding_has(const struct findings *fs, const char *cause);
/* A sentence more of why, unless it is said already. */
void finding_say(struct findings *fs, struct finding_draft *d, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Once; a default, which has no file, is left out. */
void finding_line(struct finding_draft *d, const char *parameter, const struct audit_place *place);
void finding_setting(struct finding_draft *d, const struct audit_setting *setting);
/* Control bytes become spaces: it stays one line. */
void finding_fix(struct findings *fs, struct finding_draft *d, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void finding_check(struct findings *fs, struct finding_draft *d, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "/etc/postfix/main.cf:23", or "The default of mynetworks_style". */
const char *finding_at(struct findings *fs, const char *parameter,
                       const struct audit_place *place);
bool finding_is_plain(struct str text);
/* "" for all. NULL: set nowhere. */
const struct audit_setting *finding_set(struct findings *fs, const char *service,
                                        const char *name);
/* Its value, or "". */
const char *finding_value(struct findings *fs, const char *service, const char *name);
const char *finding_range_text(struct findings *fs, const struct prefix *range);
const char *finding_ip_text(struct findings *fs, const struct ip *ip);
/* "port 25", "ports 25 and 587", of the rows. */
const char *finding_ports(struct findings *fs, const struct finding_group *g);
/* The narrowest range of the configuration by which the client is trusted, of the lines that permit
 * it if there is one; NULL. */
const struct audit_trust *finding_trust(const struct findings *fs, const struct audit_who *who);
const struct audit_port *finding_port(const struct findings *fs, uint16_t port);
const char *finding_service(const struct findings *fs, uint16_t port);

/* ---- findings-paste.c: how a fix is written */
/* "# In FILE, in place of line 23:" */
void finding_fix_place(struct findings *fs, struct finding_draft *d,
                       const struct audit_place *place);
/* "# Then:" and how this server takes it over. Of Postfix it ends the command. */
void finding_fix_reload(struct findings *fs, struct finding_draft *d);
/* Sendmail's sendmail.mc. */
const char *finding_macro_file(const struct findings *fs);
/* How Sendmail's .cf is made of that .mc, and taken over. */
void finding_fix_remake(struct findings *fs, struct finding_draft *d, const char *mc);
/* update-exim4.conf makes its configuration. */
bool finding_is_debian_exim(const struct findings *fs);
/* A command for a shell. It goes on with the one before it, of postconf, by "&&". */
void finding_fix_command(struct findings *fs, struct finding_draft *d, const char *command);
/* "postconf", with the directory of an instance. */
const char *finding_postconf(struct findings *fs);
/* The command by which a parameter of main.cf, or of a service in master.cf if that has it
 * otherwise, gets a new value, as it is to stand there. */
const char *finding_postfix_command(struct findings *fs, const char *service, const char *name,
                                    const char *value);
void finding_fix_postfix(struct findings *fs, struct finding_draft *d, const char *service,
                         const char *name, const char *value);
/* A value with its references resolved, as Postfix reads it as the same again. */
const char *finding_unexpanded(struct findings *fs, const char *value);
/* The catalogue's lines and check for the cause in this server. */
void finding_catalogue_fix(struct findings *fs, struct finding_draft *d);
void finding_catalogue_check(struct findings *fs, struct finding_draft *d,
                             const struct cause_words *w);
/* The lines of the parameters that the catalogue names for the cause, where they are set. */
void finding_catalogue_lines(struct findings *fs, struct finding_draft *d, const char *service);

/* ---- findings-list.c: lists of clients without those who are too many */
/* Private networks of the machine's own interfaces within the range: what is kept of it. */
size_t finding_homes(const struct findings *fs, const struct finding_group *g,
                     const struct prefix *range, struct prefix *homes, size_t max);
enum finding_list { FINDING_POSTFIX_LIST, FINDING_EXIM_LIST, FINDING_SMTPD_LIST };
/* The list with the bad ranges taken out and their homes put in; NULL: none is bad in it, or it is
 * too long to be pasted. */
const char *finding_list_kept(struct findings *fs, const struct finding_group *g,
                              enum finding_list kind, struct str list);

/* "dc_relay_nets='…'", "hostlist relay_from_hosts = …", "accept hosts = …": what stands before the
 * list, and the list; false: it is no such line. */
bool finding_list_split(struct str text, struct str *before, struct str *list, const char **quote);
/* Whether many strangers may be that item of a list of hosts; and Postfix's list without such. */
bool finding_is_wide_host(struct str item);
const char *finding_list_narrow(struct findings *fs, const char *list);

/* ---- findings-table.c: a row of a table of Postfix goes */
void finding_fix_row(struct findings *fs, struct finding_draft *d, const struct finding_group *g,
                     const struct audit_place *place);

/* ---- findings-fix.c */
void finding_fix_clients(struct findings *fs, struct finding_draft *d,
                         const struct finding_group *g);
/* ---- findings-rules.c: restrictions and rules that let everybody in */
void finding_fix_rules(struct findings *fs, struct finding_draft *d,
                       const struct finding_group *g);
/* Postfix's list of restrictions with its guard moved up; without permit_mynetworks if `trusts` is
 * false. */
void finding_fix_guarded(struct findings *fs, struct finding_draft *d, const char *service,
                         bool trusts);
/* The same of each service of the group. */
void finding_fix_guarded_all(struct findings *fs, struct finding_draft *d,
                             const struct finding_group *g, bool trusts);
/* Whether Exim's lists of own domains hold "*". */
bool finding_takes_all_domains(struct findings *fs);

/* ---- findings-config.c */
/* Whether the port listens at more than loopback addresses. */
bool finding_is_reached(struct findings *fs, const struct audit_port *port);
/* Of Postfix. */
bool finding_offers_login(struct findings *fs, const char *service);

/* ---- by theme */
void findings_of_who(struct findings *fs);
void findings_of_form(struct findings *fs, const struct finding_group *g);
void findings_of_config(struct findings *fs);
void findings_of_mail(struct findings *fs);
void findings_of_slips(struct findings *fs);
void findings_of_sendmail(struct findings *fs);
void findings_of_network(struct findings *fs);
void findings_of_reading(struct findings *fs);
/* The cause of a form that was taken there; never NULL. */
const char *finding_form_cause(struct findings *fs, const struct audit_who *who,
                               const char *form);

#endif
