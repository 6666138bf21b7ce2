/* SPDX-License-Identifier: ISC
 *
 * Sendmail's files in their order; see sendmail-private.h for the steps.
 */
#include "audit/read-sendmail.h"

#include "audit/sendmail-private.h"
#include "audit/who.h"

/* What sendmail.cf would have by itself. */
static void add_defaults(struct sendmail *s)
{
	struct audit_place place = { "", 0, "" };
	if (s->own_file)
		sendmail_class_file(s, SENDMAIL_OWN, str_of(s->own_file));
	sendmail_class_file(s, SENDMAIL_RELAY, s->relay_file ? str_of(s->relay_file)
	                                                     : STR("-o /etc/mail/relay-domains"));
	if (!s->g->out->port_n)
		sendmail_daemon(s, STR("Name=MTA"), &place);
	if (!sendmail_feature(s, "no_default_msa"))
		sendmail_daemon(s, STR("Port=587, Name=MSA, M=E"), &place);
}

/* As they stand, whatever they are. */
static void note_relayed(struct sendmail *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct sendmail_entry *e = &s->entries[i];
		const bool client = e->kind == SENDMAIL_CONNECT || e->kind == SENDMAIL_UNTAGGED;
		if (e->kind == SENDMAIL_RELAY || (client && str_caseprefix(e->value, STR("RELAY"))))
			gather_setting(s->g, STR(SENDMAIL_RELAYED), e->key, "", &e->place);
	}
}

int audit_read_sendmail(const struct audit_files *files, const char *file, struct arena *a,
                        struct audit_reading *out)
{
	*out = (struct audit_reading){ .mta = MTA_SENDMAIL };
	struct gather g = { .a = a, .files = files, .out = out };
	struct sendmail s = { .g = &g };
	const char *name = arena_strdup(a, str_of(file));
	size_t n = strlen(name);
	int err;
	if (str_casesuffix(str_of(name), STR(".mc"))) {
		err = sendmail_read_mc(&s, name, 0);
		if (err == ERR_OK)
			add_defaults(&s);
	} else {
		err = sendmail_read_cf(&s, name);
		if (err == ERR_OK && str_casesuffix(str_of(name), STR(".cf")))
			sendmail_read_mc(&s, arena_printf(a, "%.*smc", (int)(n - 2), name), 0);
		sendmail_compare(&s, name);
	}
	if (s.access_file)
		sendmail_access(&s, s.access_file);
	for (size_t i = 0; i < s.n; i++)
		if (s.entries[i].kind == SENDMAIL_FEATURE)
			gather_setting(&g, s.entries[i].key, s.entries[i].value, "",
			               &s.entries[i].place);
	note_relayed(&s);
	sendmail_rules(&s);
	audit_conclude(out, a);
	return err;
}
