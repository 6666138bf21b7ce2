/* SPDX-License-Identifier: ISC
 *
 * sendmail.cf: classes and their files, listeners, the access map. Rules are not run; which
 * features made them is told by the identification that each leaves as a comment.
 */
#include "audit/sendmail-private.h"

#include <assert.h>
#include <stdio.h>

/* ---- entries ---------------------------------------------------------------- */

/* "10" is 10.0.0.0/8, "IPv6:2001:db8" is 2001:db8::/32: addresses by their beginning. */
static bool is_beginning(struct str key, struct prefix *range)
{
	char whole[80];
	unsigned parts = 1;
	if (gather_prefix(key, range))
		return str_find(key, '/') == SIZE_MAX;
	bool six = str_caseprefix(key, STR("IPv6:"));
	if (six)
		key = str_from(key, 5);
	while (key.n && (key.p[key.n - 1] == '.' || key.p[key.n - 1] == ':'))
		key.n--;
	if (!key.n || key.n > 39)
		return false;
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i];
		if (c == (six ? ':' : '.'))
			parts++;
		else if (!ascii_isdigit(c) && !(six && ascii_isalnum(c)))
			return false;
	}
	static const char *const rest[] = { "", ".0.0.0", ".0.0", ".0" };
	if (six ? parts > 7 : parts > 3)
		return false;
	snprintf(whole, sizeof(whole), "%.*s%s", STR_ARG(key), six ? "::" : rest[parts]);
	struct ip ip;
	if (ip_parse(str_of(whole), &ip, NULL) != ERR_OK)
		return false;
	*range = prefix_of(&ip, parts * (six ? 16 : 8));
	return true;
}

void sendmail_add(struct sendmail *s, enum sendmail_kind kind, struct str key, struct str value,
                  const struct audit_place *place)
{
	if (s->n >= AUDIT_SETTINGS_MAX) {
		if (!s->g->full)
			gather_unread(s->g, place->file, "it says more than we take");
		s->g->full = s->g->out->cut = true;
		return;
	}
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		struct sendmail_entry *larger = arena_alloc(s->g->a, cap * sizeof(*larger));
		if (s->n)
			memcpy(larger, s->entries, s->n * sizeof(*larger));
		s->entries = larger;
		s->cap = cap;
	}
	struct sendmail_entry *e = &s->entries[s->n++];
	*e = (struct sendmail_entry){ .kind = kind, .key = arena_str(s->g->a, key),
	                              .value = arena_str(s->g->a, value), .place = *place };
	e->is_range = kind != SENDMAIL_FEATURE && kind != SENDMAIL_MECHANISM &&
	              is_beginning(e->key, &e->range);
	assert(s->n <= s->cap);
}

void sendmail_add_words(struct sendmail *s, enum sendmail_kind kind, struct str words,
                        const struct audit_place *place)
{
	for (struct str word; str_word(&words, &word);)
		sendmail_add(s, kind, word, STR(""), place);
}

const struct sendmail_entry *sendmail_feature(const struct sendmail *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->entries[i].kind == SENDMAIL_FEATURE &&
		    str_eq(s->entries[i].key, str_of(name)))
			return &s->entries[i];
	return NULL;
}

/* ---- files ------------------------------------------------------------------ */

void sendmail_class_file(struct sendmail *s, enum sendmail_kind kind, struct str spec)
{
	struct str word, text, line;
	bool optional = false;
	if (!str_word(&spec, &word))
		return;
	if (str_eq(word, STR("-o"))) {
		optional = true;
		if (!str_word(&spec, &word))
			return;
	}
	const char *name = arena_strdup(s->g->a, word);
	if (name[0] != '/') {
		gather_unread(s->g, name, "a class of another kind than a text file");
		return;
	}
	if (gather_file(s->g, name, optional, &text) != ERR_OK)
		return;
	for (struct gather_lines l = { text, 0 }; gather_line(&l, &line);) {
		size_t comment = str_find(line, '#');
		if (comment != SIZE_MAX)
			line.n = comment;
		struct audit_place place = { name, l.line, gather_text(s->g, line) };
		sendmail_add_words(s, kind, line, &place);
	}
}

static void take_access_line(struct sendmail *s, struct str line, const struct audit_place *place)
{
	static const struct { const char *tag; enum sendmail_kind kind; } tags[] = {
		{ "Connect:", SENDMAIL_CONNECT }, { "To:", SENDMAIL_TO },
		{ "From:", SENDMAIL_FROM },
		{ "CertIssuer:", SENDMAIL_CERTIFICATE }, { "CertSubject:", SENDMAIL_CERTIFICATE },
		{ "IPv6:", SENDMAIL_UNTAGGED },
	};
	struct str key;
	if (!str_word(&line, &key))
		return;
	line = str_trim(line);
	if (line.n > 1 && line.p[0] == '"')
		line = (struct str){ line.p + 1, line.n - 2 };
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (str_caseprefix(key, str_of(tags[i].tag))) {
			size_t n = tags[i].kind == SENDMAIL_UNTAGGED ? 0 : strlen(tags[i].tag);
			sendmail_add(s, tags[i].kind, str_from(key, n), line, place);
			return;
		}
	/* Of other tags none lets anybody relay. */
	if (str_find(key, ':') == SIZE_MAX)
		sendmail_add(s, SENDMAIL_UNTAGGED, key, line, place);
}

void sendmail_access(struct sendmail *s, const char *file)
{
	struct str text, line;
	if (gather_file(s->g, file, false, &text) != ERR_OK)
		return;
	for (struct gather_lines l = { text, 0 }; gather_line(&l, &line);) {
		struct audit_place place = { file, l.line, "" };
		line = str_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		if (line.n > 4096) {
			gather_cut_at(s->g, &place, "it is too long");
			continue;
		}
		place.text = gather_text(s->g, line);
		take_access_line(s, line, &place);
	}
}

/* ---- listeners -------------------------------------------------------------- */

static void take_daemon_part(struct sendmail *s, struct str part, struct audit_port *port,
                             bool *six)
{
	size_t equals = str_find(part, '=');
	if (equals == SIZE_MAX || !equals)
		return;
	struct str value = str_trim(str_from(part, equals + 1));
	struct prefix address;
	switch (part.p[0] & ~0x20) {
	case 'P':
		port->port = gather_port_number(value);
		break;
	case 'A':
		if (gather_prefix(value, &address))
			port->address = address.ip;
		else if (str_eq(value, STR("localhost")))
			port->address = ip_from_v4(127, 0, 0, 1);
		break;
	case 'N':
		port->service = arena_strdup(s->g->a, value);
		break;
	case 'M':
		port->for_login = str_find(value, 'a') != SIZE_MAX;
		port->tls_first = str_find(value, 's') != SIZE_MAX;
		break;
	case 'F':
		*six = str_caseeq(value, STR("inet6"));
		break;
	default:
		break;
	}
}

void sendmail_daemon(struct sendmail *s, struct str options, const struct audit_place *place)
{
	struct audit_port port = { .port = 25, .service = "", .place = *place };
	bool six = false;
	for (struct str part; str_token(&options, ",", &part);)
		take_daemon_part(s, str_trim(part), &port, &six);
	if (!port.port)
		gather_unread_at(s->g, place, "the port's name is not known");
	if (ip_is_unspecified(&port.address))
		port.address = (struct ip){ 0 };
	(void)six;
	gather_port(s->g, &port);
}

/* ---- lines ------------------------------------------------------------------ */

/* The name behind C or F: one byte, or in braces; *rest: what follows. */
static bool class_name(struct str line, struct str *name, struct str *rest)
{
	if (line.n < 2)
		return false;
	size_t end = line.p[1] == '{' ? str_find(line, '}') : 1;
	if (end == SIZE_MAX)
		return false;
	*name = line.p[1] == '{' ? (struct str){ line.p + 2, end - 2 }
	                         : (struct str){ line.p + 1, 1 };
	*rest = str_from(line, end + 1);
	return true;
}

static bool class_kind(struct str name, enum sendmail_kind *kind)
{
	static const struct { const char *name; enum sendmail_kind kind; } rows[] = {
		{ "R", SENDMAIL_RELAY }, { "w", SENDMAIL_OWN }, { "m", SENDMAIL_ENTIRE },
		{ "TrustAuthMech", SENDMAIL_MECHANISM },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_eq(name, str_of(rows[i].name))) {
			*kind = rows[i].kind;
			return true;
		}
	return false;
}

static void take_map(struct sendmail *s, struct str line)
{
	struct str word, kind = { "", 0 }, file = { "", 0 };
	struct str rest = str_from(line, 1);
	if (!str_word(&rest, &word) || !str_eq(word, STR("access")) || !str_word(&rest, &kind))
		return;
	while (str_word(&rest, &word))
		if (word.p[0] != '-')
			file = word;
	static const char *const text_kinds[] = { "hash", "btree", "dbm", "cdb", "text", "lmdb" };
	for (size_t i = 0; i < sizeof(text_kinds) / sizeof(text_kinds[0]); i++)
		if (str_eq(kind, str_of(text_kinds[i])) && file.n && file.p[0] == '/')
			s->access_file = arena_strdup(s->g->a, file);
	if (!s->access_file)
		gather_unread(s->g, "the access map", "it is of a kind that has no text file");
}

/* Files of TLS (certificates.h, authorities.h), by the names that these options have in here. */
static void take_tls_option(struct sendmail *s, struct str option, const struct audit_place *place)
{
	static const char *const names[] = { "CACertFile", "CACertPath", "ServerCertFile",
	                                     "ServerKeyFile", "DHParameters" };
	const size_t at = str_find(option, '=');
	if (at == SIZE_MAX)
		return;
	const struct str name = str_trim((struct str){ option.p, at });
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_caseeq(name, str_of(names[i])))
			gather_setting(s->g, str_of(names[i]), str_trim(str_from(option, at + 1)),
			               "", place);
}

/* "#####  $Id: relay_local_from.m4,v 8.7 … $  #####" */
static void take_identification(struct sendmail *s, struct str line,
                                const struct audit_place *place)
{
	size_t at = str_search(line, STR("$Id: ")), end = str_search(line, STR(".m4,v"));
	if (at != SIZE_MAX && end != SIZE_MAX && end > at + 5)
		sendmail_add(s, SENDMAIL_FEATURE, (struct str){ line.p + at + 5, end - at - 5 },
		             STR(""), place);
}

void sendmail_cf_line(struct sendmail *s, struct str line, const struct audit_place *place)
{
	struct str name, rest;
	enum sendmail_kind kind;
	if (!line.n)
		return;
	switch (line.p[0]) {
	case '#':
		if (s->from_cf)
			take_identification(s, line, place);
		break;
	case 'C':
		if (class_name(line, &name, &rest) && class_kind(name, &kind))
			sendmail_add_words(s, kind, rest, place);
		break;
	case 'F':
		if (class_name(line, &name, &rest) && class_kind(name, &kind))
			sendmail_class_file(s, kind, rest);
		break;
	case 'K':
		take_map(s, line);
		break;
	case 'O':
		rest = str_trim(str_from(line, 1));
		take_tls_option(s, rest, place);
		if (str_caseprefix(rest, STR("DaemonPortOptions")) &&
		    str_find(rest, '=') != SIZE_MAX)
			sendmail_daemon(s, str_from(rest, str_find(rest, '=') + 1), place);
		if (str_caseprefix(rest, STR("DontProbeInterfaces=")))
			s->no_probe = str_caseprefix(str_from(rest, 20), STR("t"));
		break;
	case 'X':                                /* a milter: callouts.h */
		gather_setting(s->g, STR("X"), str_trim(str_from(line, 1)), "", place);
		break;
	case 'S':
		s->in_own_rules = str_prefix(line, STR("SLocal_check_rcpt"));
		s->cf_whole |= str_prefix(line, STR("SRelay_ok"));
		break;
	case 'R':
		if (s->in_own_rules && (str_search(line, STR("RELAY")) != SIZE_MAX ||
		                        str_casesearch(line, STR("$#OK")) != SIZE_MAX))
			sendmail_add(s, SENDMAIL_FEATURE, STR(SENDMAIL_OWN_RULES), STR(""), place);
		break;
	default:
		break;
	}
}

int sendmail_read_cf(struct sendmail *s, const char *file)
{
	struct str text, line;
	int err = gather_file(s->g, file, false, &text);
	if (err != ERR_OK)
		return err;
	s->from_cf = true;
	for (struct gather_lines l = { text, 0 }; gather_line(&l, &line);) {
		struct audit_place place = { file, l.line, "" };
		/* A line that begins with a space belongs to the one before. */
		while (l.rest.n && (l.rest.p[0] == ' ' || l.rest.p[0] == '\t')) {
			struct str more;
			gather_line(&l, &more);
			line.n = (size_t)(more.p + more.n - line.p);
		}
		if (line.n > AUDIT_LINE_MAX_BYTES) {
			gather_cut_at(s->g, &place, "it is too long");
			continue;
		}
		if (line.n && strchr("#CFKORSX", line.p[0])) {
			place.text = gather_text(s->g, line);
			sendmail_cf_line(s, str_of(place.text), &place);
		}
	}
	return ERR_OK;
}
