/* SPDX-License-Identifier: ISC
 *
 * The form of a line of the log: the pure half of base/log.h.
 */
#include "base/log.h"

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isprint((unsigned char)s.p[i]) || s.p[i] == ' ' || s.p[i] == '"' ||
		    s.p[i] == '\\' || s.p[i] == '=')
			return false;
	return s.n > 0;
}

static void add_value(struct buf *out, const struct log_field *f)
{
	char text[IP_TEXT_MAX];
	switch (f->kind) {
	case LOG_FIELD_INT:
		buf_printf(out, "%lld", f->i);
		break;
	case LOG_FIELD_IP:
		buf_add_cstr(out, ip_format(f->ip, text));
		break;
	case LOG_FIELD_STR:
		if (is_plain(f->s)) {
			buf_add_str(out, f->s);
		} else {
			buf_add_byte(out, '"');
			buf_add_escaped(out, f->s);
			buf_add_byte(out, '"');
		}
		break;
	}
}

bool log_is_journal(const char *stream, uint64_t device, uint64_t inode)
{
	struct str s = str_of(stream ? stream : "");
	size_t colon = str_find(s, ':');
	uint64_t d, i;
	return colon != SIZE_MAX && str_u64((struct str){ s.p, colon }, UINT64_MAX, &d) == ERR_OK &&
	       str_u64(str_from(s, colon + 1), UINT64_MAX, &i) == ERR_OK &&
	       d == device && i == inode;
}

void log_format(struct buf *out, const char *event, const struct log_field *fields, size_t n)
{
	buf_add_cstr(out, event);
	for (size_t i = 0; i < n; i++) {
		buf_add_byte(out, ' ');
		buf_add_cstr(out, fields[i].key);
		buf_add_byte(out, '=');
		add_value(out, &fields[i]);
	}
}
