/* SPDX-License-Identifier: ISC
 *
 * What is said to the server, and the transcript of a test: who said what, and when.
 *
 * Hostile input that reaches it: all that a server says; it is cut and escaped here.
 */
#include "relaytest/session-private.h"

enum { NOTE_LINE_MAX = 1000 };

/* What all lines of a note begin with: milliseconds and who speaks. */
static struct str note_head(const struct session *s, const char *prefix, char head[static 32])
{
	char *end = head + 32, *p = end;
	int64_t ms = s->now_ms - s->started_ms;
	*--p = ' ';
	*--p = *prefix;
	*--p = ' ';
	do
		*--p = (char)('0' + ms % 10);
	while ((ms /= 10) > 0);
	return (struct str){ p, (size_t)(end - p) };
}

static bool can_be_shown(unsigned char c)
{
	return c >= 0x20 || c == '\t';
}

/* Every command and reply comes by here: what can be shown is copied whole. */
static void add_shown(struct buf *t, struct str line)
{
	unsigned char odd = 0;
	for (size_t i = 0; i < line.n; i++)
		odd |= !can_be_shown((unsigned char)line.p[i]);
	if (!odd) {
		buf_add_str(t, line);
		return;
	}
	for (size_t i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];
		if (can_be_shown(c))
			buf_add_byte(t, (char)c);
		else
			buf_printf(t, "\\x%02x", c);
	}
}

static void note_line(struct session *s, struct str head, struct str line)
{
	struct buf *t = &s->transcript;
	while (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n == 0 || t->n > TRANSCRIPT_MAX)
		return;
	if (line.n > NOTE_LINE_MAX)
		line.n = NOTE_LINE_MAX;
	buf_add_str(t, head);
	add_shown(t, line);
	buf_add_byte(t, '\n');
}

void note_add(struct session *s, const char *prefix, struct str text)
{
	char room[32];
	struct str head = note_head(s, prefix, room);
	while (text.n) {
		size_t end = str_find(text, '\n');
		note_line(s, head, (struct str){ text.p, end == SIZE_MAX ? text.n : end });
		text = str_from(text, end == SIZE_MAX ? text.n : end + 1);
	}
}

void note_say(struct session *s, enum smtp_verb verb, uint32_t tag, const char *line)
{
	note_add(s, ">", str_of(line));
	int e = smtp_client_command(s->conn.client, verb, tag, str_of(line));
	assert(e == ERR_OK);
}
