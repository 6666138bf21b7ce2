/* SPDX-License-Identifier: ISC
 *
 * Refusals in a server's own words: byte for byte, as the engine would not say them.
 */
#include "session.h"

#include <stdio.h>

enum { VALUE_MAX = IP_TEXT_MAX };

static struct str value_of(const struct session *s, struct str name, struct str path,
                           char text[static VALUE_MAX])
{
	if (str_eq(name, STR("client")))
		return str_of(ip_format(&s->peer.ip, text));
	if (str_eq(name, STR("rcpt")))
		return path;
	if (str_eq(name, STR("sender")))
		return str_of(s->sender);
	if (str_eq(name, STR("id"))) {
		static unsigned n;
		n++;
		snprintf(text, VALUE_MAX, "%08x-%u", n * 2654435761u, n);
		return str_of(text);
	}
	return str_of(s->helo);
}

static void fill_in(const struct session *s, struct str text, struct str path, struct buf *out)
{
	char value[VALUE_MAX];
	size_t end;
	for (; text.n; text = str_from(text, end)) {
		end = str_find(text, '}') + 1;   /* 0 if there is none */
		if (text.p[0] != '{' || end == 0) {
			buf_add_byte(out, text.p[0]);
			end = 1;
			continue;
		}
		struct str name = { text.p + 1, end - 2 };
		buf_add_str(out, value_of(s, name, path, value));
	}
}

void words_prepare(struct session *s, const struct words *w, struct str path)
{
	struct buf whole = { 0 };
	struct str rest, line;
	fill_in(s, str_of(w->text), path, &whole);
	buf_clear(&s->instead);
	for (rest = buf_str(&whole); str_token(&rest, "\n", &line);)
		buf_printf(&s->instead, "%d%c%s%s%.*s\r\n", w->code, rest.n ? '-' : ' ',
		           w->enhanced, *w->enhanced ? " " : "", STR_ARG(line));
	buf_fini(&whole);
}

void words_reply(struct session *s, const struct words *w, struct str path)
{
	words_prepare(s, w, path);
	wire_server_reply(s->wire, w->code, "", "");
}
