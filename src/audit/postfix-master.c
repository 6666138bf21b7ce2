/* SPDX-License-Identifier: ISC
 *
 * master.cf: the services that take mail (smtpd and postscreen on inet, smtpd on pass and unix),
 * with their ports and the parameters that their -o set (master(5)). Of services of the same name
 * and type the last counts.
 */
#include "audit/postfix-private.h"

static const struct { const char *name; uint16_t port; } ports[] = {
	{ "smtp", 25 }, { "mail", 25 }, { "smtps", 465 }, { "submissions", 465 }, { "ssmtp", 465 },
	{ "urd", 465 }, { "submission", 587 }, { "msa", 587 }, { "msp", 18 }, { "lmtp", 24 },
	{ "http", 80 }, { "https", 443 }, { "qmqp", 628 },
};

static int port_of(struct str s, uint16_t *port)
{
	uint64_t number;
	if (str_u64(s, UINT16_MAX, &number) == ERR_OK && number > 0) {
		*port = (uint16_t)number;
		return ERR_OK;
	}
	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++) {
		if (!str_caseeq(s, str_of(ports[i].name)))
			continue;
		*port = ports[i].port;
		return ERR_OK;
	}
	return ERR_NOT_FOUND;
}

int postfix_service_port(const char *name, struct ip *address, uint16_t *port)
{
	struct str s = str_of(name), host = STR("");
	*address = (struct ip){ 0 };
	*port = 0;
	if (s.n > 0 && s.p[0] == '[') {
		const size_t end = str_find(s, ']');
		if (end == SIZE_MAX)
			return ERR_NOT_FOUND;
		host = (struct str){ s.p + 1, end - 1 };
		s = str_from(s, end + 1);
		if (s.n > 0 && s.p[0] == ':')
			s = str_from(s, 1);
	} else {
		for (size_t i = s.n; i > 0; i--) {
			if (s.p[i - 1] != ':')
				continue;
			host = (struct str){ s.p, i - 1 };
			s = str_from(s, i);
			break;
		}
	}
	if (str_caseeq(host, STR("localhost")))
		*address = ip_from_v4(127, 0, 0, 1);
	else if (host.n > 0 && ip_parse(host, address, NULL) != ERR_OK)
		return ERR_NOT_FOUND;
	return port_of(s, port);
}

static void own_add(struct postfix *p, struct postfix_service *s, struct str pair)
{
	const size_t equals = str_find(pair, '=');
	if (equals == SIZE_MAX || s->own_n >= AUDIT_SETTINGS_MAX / POSTFIX_SERVICES_MAX)
		return;
	const struct str name = str_trim((struct str){ pair.p, equals });
	const struct str value = str_trim(str_from(pair, equals + 1));
	struct audit_place place = s->place;
	place.text = arena_printf(p->arena, "%s %s ... %s -o %.*s=%.*s", s->name, s->type,
	                          s->command, STR_ARG(name), STR_ARG(value));
	s->own = postfix_grown(p->arena, s->own, s->own_n, sizeof(*s->own));
	s->own[s->own_n++] = (struct postfix_assign){ name, value, place };
}

/* Arguments are parted by spaces only; what stands in braces is one. */
static bool argument_next(struct str *rest, struct str *word)
{
	*rest = str_trim(*rest);
	if (rest->n == 0)
		return false;
	size_t n = postfix_group(*rest, '{', '}');
	if (n == 0 && rest->p[0] == '{')
		n = rest->n;            /* never closed */
	while (n < rest->n && !ascii_isspace(rest->p[n]))
		n++;
	*word = (struct str){ rest->p, n };
	*rest = str_from(*rest, n);
	return true;
}

static void arguments_read(struct postfix *p, struct postfix_service *s, struct str rest)
{
	struct str word;
	while (argument_next(&rest, &word)) {
		if (str_eq(word, STR("-o"))) {
			if (argument_next(&rest, &word))
				own_add(p, s, postfix_unbraced(word));
		} else if (str_prefix(word, STR("-o"))) {
			own_add(p, s, postfix_unbraced(str_from(word, 2)));
		}
	}
}

static bool takes_mail(struct str type, struct str command)
{
	if (str_eq(command, STR("postscreen")))
		return str_eq(type, STR("inet"));
	return str_eq(command, STR("smtpd"))
	       && (str_eq(type, STR("inet")) || str_eq(type, STR("pass")));
}

/* The place for a service of that name and type: that of an earlier one, or a new one. */
static struct postfix_service *service_room(struct postfix *p, struct str name, struct str type)
{
	for (size_t i = 0; i < p->service_n; i++)
		if (str_eq(name, str_of(p->services[i].name))
		    && str_eq(type, str_of(p->services[i].type)))
			return &p->services[i];
	if (p->service_n >= POSTFIX_SERVICES_MAX) {
		postfix_cut(p, "services of master.cf", "they are too many");
		return NULL;
	}
	p->services = postfix_grown(p->arena, p->services, p->service_n, sizeof(*p->services));
	return &p->services[p->service_n++];
}

static void service_line(struct postfix *p, const char *file, const struct postfix_line *line)
{
	struct str rest = line->text, field[8];
	for (int i = 0; i < 8; i++)
		if (!argument_next(&rest, &field[i]))
			return;
	if (line->cut)
		postfix_unread(p, arena_printf(p->arena, "%s, line %u", file, line->number),
		               "the line is too long");
	if (!takes_mail(field[1], field[7]))
		return;
	struct postfix_service *s = service_room(p, field[0], field[1]);
	if (!s)
		return;
	*s = (struct postfix_service){
		.name = arena_strdup(p->arena, field[0]), .type = arena_strdup(p->arena, field[1]),
		.command = arena_strdup(p->arena, field[7]),
		.place = { file, line->number, line->text.p },
	};
	arguments_read(p, s, rest);
}

int postfix_master_read(struct postfix *p)
{
	const char *file = arena_printf(p->arena, "%s/master.cf", p->given->directory);
	struct str text;
	struct postfix_line line;
	const int err = postfix_file(p, file, &text);
	struct postfix_lines lines = { .rest = text, .arena = p->arena };
	while (postfix_line_next(&lines, &line))
		service_line(p, file, &line);
	return err;
}
