/* SPDX-License-Identifier: ISC
 *
 * The words of a report: names that programs read, and short texts for its tables.
 *
 * Hostile input that reaches it: names of interfaces, lines of files; they stay as they are.
 */
#include "audit/report-private.h"

#include "base/shown.h"

#include <assert.h>

enum { FORMS_SHOWN_MAX = 3, FORM_TITLE_MAX = 60 };

const char *audit_verdict_name(enum audit_verdict verdict)
{
	static const char *const names[] = {
		[AUDIT_CLOSED] = "closed", [AUDIT_WORLD] = "world", [AUDIT_WIDE] = "wide",
		[AUDIT_UNKNOWN] = "unknown",
	};
	assert((size_t)verdict < sizeof(names) / sizeof(*names));
	return names[verdict];
}

int audit_verdict_exit(enum audit_verdict verdict)
{
	static const int codes[] = {
		[AUDIT_CLOSED] = 0, [AUDIT_WORLD] = 1, [AUDIT_WIDE] = 2, [AUDIT_UNKNOWN] = 3,
	};
	assert((size_t)verdict < sizeof(codes) / sizeof(*codes));
	return codes[verdict];
}

const char *audit_severity_name(enum audit_severity severity)
{
	static const char *const names[] = {
		[AUDIT_OPEN] = "open", [AUDIT_WARN] = "warn", [AUDIT_ADVICE] = "advice",
	};
	assert((size_t)severity < sizeof(names) / sizeof(*names));
	return names[severity];
}

const char *audit_tls_name(enum audit_tls tls)
{
	static const char *const names[] = {
		[AUDIT_CLEAR] = "clear", [AUDIT_STARTTLS] = "starttls", [AUDIT_TLS_FIRST] = "tls",
	};
	assert((size_t)tls < sizeof(names) / sizeof(*names));
	return names[tls];
}

const char *audit_said_name(enum audit_said said)
{
	static const char *const names[] = {
		[AUDIT_UNSAID] = "unsaid", [AUDIT_REFUSED] = "refused",
		[AUDIT_REFUSED_ELSE] = "refused-else", [AUDIT_TAKEN] = "taken",
	};
	assert((size_t)said < sizeof(names) / sizeof(*names));
	return names[said];
}

const char *audit_port_words(struct arena *a, uint16_t port, enum audit_tls tls)
{
	static const char *const words[] = {
		[AUDIT_CLEAR] = "", [AUDIT_STARTTLS] = " STARTTLS", [AUDIT_TLS_FIRST] = " TLS",
	};
	assert((size_t)tls < sizeof(words) / sizeof(*words));
	return arena_printf(a, "%u%s", port, words[tls]);
}

const char *audit_place_words(struct arena *a, const struct audit_place *place)
{
	if (place->line == 0)
		return place->file[0] ? arena_printf(a, "%s (default)", place->file) : "(default)";
	return arena_printf(a, "%s:%u", place->file, place->line);
}

struct str audit_excerpt(struct arena *a, const char *text, const char *needle, size_t max)
{
	struct str whole = str_trim(str_of(text)), head = shown_cut(whole, max);
	if (head.n == whole.n)
		return whole;
	size_t at = needle[0] ? str_search(whole, str_of(needle)) : SIZE_MAX;
	if (at == SIZE_MAX || at + strlen(needle) <= head.n)
		return str_of(arena_printf(a, "%.*s...", STR_ARG(head)));
	struct str found = str_from(whole, at), tail = shown_cut(found, max / 2);
	head = shown_cut(whole, max / 3);
	return str_of(arena_printf(a, "%.*s ... %.*s%s", STR_ARG(head), STR_ARG(tail),
	                           tail.n < found.n ? "..." : ""));
}

/* ---- who ---------- */

static const char *with_interface(struct arena *a, const char *words, const char *on,
                                  const struct audit_asker *asker)
{
	if (!asker->interface[0])
		return words;
	return arena_printf(a, "%s%s%s", words, on, asker->interface);
}

/* "fd00::/8" */
static const char *network_words(struct arena *a, const struct prefix *network)
{
	char text[PREFIX_TEXT_MAX];
	return arena_strdup(a, str_of(prefix_format(network, text)));
}

const char *audit_asker_title(struct arena *a, const struct audit_asker *asker)
{
	switch (asker->kind) {
	case AUDIT_STRANGER4:
		return "a stranger, by IPv4";
	case AUDIT_STRANGER6:
		return "a stranger, by IPv6";
	case AUDIT_NEIGHBOUR:
		return with_interface(a, "a neighbour", " on ", asker);
	case AUDIT_BRIDGE:
		return with_interface(a, "the containers' gateway", " on ", asker);
	case AUDIT_CONTAINER:
		return with_interface(a, "a container", " on ", asker);
	case AUDIT_GATEWAY:
		return with_interface(a, "the default gateway", " on ", asker);
	case AUDIT_LOOPBACK:
		return "this machine, loopback";
	case AUDIT_OWN:
		return "this machine's own address";
	case AUDIT_RANGE:
		return "a client in a trusted range";
	case AUDIT_OUTSIDE:
		return arena_printf(a, "a stranger just outside of %s",
		                    network_words(a, &asker->network));
	case AUDIT_SEEN:
		return "the address by which strangers arrive";
	}
	return "a client";
}

/* ---- what ---------- */

bool audit_takes_plain(const struct audit_who *who)
{
	for (size_t i = 0; i < who->form_n; i++)
		if (strcmp(who->forms[i], "E01") == 0)
			return true;
	return false;
}

const char *audit_takes_words(const struct audit_who *who)
{
	bool plain = audit_takes_plain(who);
	if (who->some)
		return plain ? "mail to some domains" : "odd forms to some domains";
	return plain ? "everything" : "odd forms only";
}

/* "E14 (percent hack)" */
static const char *form_words(struct arena *a, const char *form)
{
	struct str title = shown_cut(str_of(audit_form_title(form)), FORM_TITLE_MAX);
	return title.n ? arena_printf(a, "%s (%.*s)", form, STR_ARG(title)) : form;
}

const char *audit_forms_words(struct arena *a, const struct audit_who *who)
{
	const char *words = "";
	if (audit_takes_plain(who))
		return "";
	for (size_t i = 0; i < who->form_n && i < FORMS_SHOWN_MAX; i++)
		words = arena_printf(a, "%s%s%s", words, i ? ", " : "",
		                     form_words(a, who->forms[i]));
	if (who->form_n > FORMS_SHOWN_MAX)
		words = arena_printf(a, "%s and %zu more", words, who->form_n - FORMS_SHOWN_MAX);
	return words;
}
