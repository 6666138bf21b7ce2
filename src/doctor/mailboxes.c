/* SPDX-License-Identifier: ISC
 *
 * Asked of the gateway's own directory: what it does with that mail is what is said here.
 */
#include "doctor/mailboxes.h"

#include "gateway/directory.h"

static const char mail_part[] = "mail";

void doctor_mailboxes_look(const struct settings *s, struct store *st, struct arena *a,
                           struct doctor_mailboxes *m)
{
	struct directory_setup setup = { .config = &s->gateway, .store = st };
	struct directory *d;
	struct buf message = { 0 };
	const char *domain;
	size_t at = 0;
	*m = (struct doctor_mailboxes){ 0 };
	if (s->gateway.domains.n == 0)
		return;
	if (directory_create(&setup, &d, &message) != ERR_OK) {
		m->why = arena_strdup(a, buf_str(&message));
		buf_fini(&message);
		return;
	}
	m->asked = true;
	for (; (domain = directory_unread(d, &at)); m->unread_count++)
		if (m->unread_count < DOCTOR_UNREAD_MAX)
			m->unread[m->unread_count] = arena_strdup(a, str_of(domain));
	directory_destroy(d);
	buf_fini(&message);
}

static void add_domains(const struct doctor_mailboxes *m, struct buf *out)
{
	for (size_t i = 0; i < m->unread_count && i < DOCTOR_UNREAD_MAX; i++)
		buf_printf(out, "%s%s", i ? ", " : "", m->unread[i]);
	if (m->unread_count > DOCTOR_UNREAD_MAX)
		buf_printf(out, " and %zu more", m->unread_count - DOCTOR_UNREAD_MAX);
}

void doctor_mailboxes_judge(const struct doctor_mailboxes *m, struct doctor_findings *f)
{
	static const char about[] = "postmaster@ and abuse@";
	struct buf domains = { 0 }, todo = { 0 };
	if (m->why)
		doctor_find(f, DOCTOR_UNKNOWN, mail_part, about, NULL, "%s", m->why);
	else if (m->asked && m->unread_count == 0)
		doctor_find(f, DOCTOR_OK, mail_part, about, NULL,
		            "somebody reads them in each domain of gateway.domains");
	if (m->why || m->unread_count == 0)
		return;
	add_domains(m, &domains);
	buf_printf(&todo, "portreeve user add postmaster --address postmaster@%s", m->unread[0]);
	doctor_find(f, DOCTOR_MISSING, mail_part, about, buf_cstr(&todo),
	            "no account has them in %s: that mail is kept, in DOMAIN/postmaster, and "
	            "nobody reads it", buf_cstr(&domains));
	buf_fini(&domains);
	buf_fini(&todo);
}
