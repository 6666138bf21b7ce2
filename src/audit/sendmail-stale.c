/* SPDX-License-Identifier: ISC
 *
 * A sendmail.cf that was not made of the sendmail.mc beside it: of what concerns relaying, what
 * only one of them says. By what they say, not by their times: a copy has a new one, too.
 */
#include "audit/sendmail-private.h"

#include <assert.h>

/* Those that leave their name in sendmail.cf, and decide who may relay. */
static bool concerns_relaying(const struct sendmail_entry *e)
{
	static const char *const features[] = {
		"access_db", "promiscuous_relay", "relay_entire_domain", "relay_hosts_only",
		"relay_local_from", "relay_mail_from", "relay_based_on_MX", "loose_relay_check",
	};
	if (e->kind == SENDMAIL_RELAY || e->kind == SENDMAIL_MECHANISM)
		return e->key.n > 0 && e->key.p[0] != '$';
	for (size_t i = 0; i < sizeof(features) / sizeof(*features); i++)
		if (e->kind == SENDMAIL_FEATURE && str_eq(e->key, str_of(features[i])))
			return true;
	return false;
}

void sendmail_macro(struct sendmail *s, enum sendmail_kind kind, struct str words,
                    const struct audit_place *place)
{
	struct str word;
	while (s->from_cf && s->macro_n < AUDIT_SETTINGS_MAX && str_word(&words, &word)) {
		if (s->macro_n == s->macro_cap) {
			const size_t cap = s->macro_cap ? s->macro_cap * 2 : 16;
			struct sendmail_entry *larger = arena_alloc(s->g->a, cap * sizeof(*larger));
			if (s->macro_n)
				memcpy(larger, s->macros, s->macro_n * sizeof(*larger));
			s->macros = larger;
			s->macro_cap = cap;
		}
		s->macros[s->macro_n++] = (struct sendmail_entry){
			.kind = kind, .key = arena_str(s->g->a, word), .place = *place };
	}
	assert(s->macro_n <= s->macro_cap);
}

/* `file`: in that one alone; NULL: anywhere. */
static bool is_among(const struct sendmail_entry *all, size_t n, const char *file,
                     const struct sendmail_entry *wanted)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].kind == wanted->kind && str_caseeq(all[i].key, wanted->key)
		    && (!file || !strcmp(all[i].place.file, file)))
			return true;
	return false;
}

void sendmail_compare(struct sendmail *s, const char *cf)
{
	if (!s->from_cf || !s->cf_whole || !s->macros_read)
		return;
	for (size_t i = 0; i < s->macro_n; i++)
		if (concerns_relaying(&s->macros[i])
		    && !is_among(s->entries, s->n, cf, &s->macros[i]))
			gather_setting(s->g, STR(SENDMAIL_MC_ALONE), s->macros[i].key, "",
			               &s->macros[i].place);
	for (size_t i = 0; i < s->n && !s->macros_unsure; i++)
		if (concerns_relaying(&s->entries[i]) && !strcmp(s->entries[i].place.file, cf)
		    && !is_among(s->macros, s->macro_n, NULL, &s->entries[i]))
			gather_setting(s->g, STR(SENDMAIL_CF_ALONE), s->entries[i].key, "",
			               &s->entries[i].place);
}
