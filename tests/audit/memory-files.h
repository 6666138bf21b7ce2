/* SPDX-License-Identifier: ISC
 *
 * Files for the readers of configurations, from memory, and a reading in few words: the ports, and
 * for a few kinds of client whether they may relay and by which line.
 */
#ifndef PORTREEVE_TEST_MEMORY_FILES_H
#define PORTREEVE_TEST_MEMORY_FILES_H

#include "test.h"

#include "audit/who.h"

#include <stdlib.h>

enum { MEMORY_FILES_MAX = 24 };

struct memory_file {
	const char *name, *text;
};

static int memory_read(void *arg, const char *name, struct arena *a, struct str *text)
{
	(void)a;
	for (const struct memory_file *f = arg; f->name; f++)
		if (!strcmp(f->name, name)) {
			*text = str_of(f->text);
			return ERR_OK;
		}
	return ERR_NOT_FOUND;
}

/* The names of a directory. */
static int memory_list(void *arg, const char *pattern, struct arena *a, const char ***names,
                       size_t *n)
{
	size_t length = strlen(pattern);
	*names = arena_alloc(a, MEMORY_FILES_MAX * sizeof(**names));
	*n = 0;
	for (const struct memory_file *f = arg; f->name; f++)
		if (!strncmp(f->name, pattern, length) && f->name[length] == '/')
			(*names)[(*n)++] = f->name;
	return *n ? ERR_OK : ERR_NOT_FOUND;
}

/* "shows" as letters: a reverse name n, HELO h, a sender s, TLS t, a certificate c, a login l, a
 * recipient r, an MX m, a foreign address in a local part %, !, @, or packed p; "own" is an address
 * of the machine. */
static unsigned shows_of(const char *letters)
{
	static const char all[] = "nhstclrm?%!@p";
	unsigned shows = 0;
	for (; *letters; letters++)
		if (strchr(all, *letters))
			shows |= 1u << (strchr(all, *letters) - all);
	return shows;
}

struct client_row {
	const char *ip, *shows;
	char answer;                     /* 'y', 'n', '?' */
	const char *file;                /* of the rule that permits, or NULL */
	unsigned line;
};

static inline void check_client(const char *what, const struct audit_reading *reading,
                                const struct client_row *row)
{
	struct audit_client client = { .shows = shows_of(row->shows) };
	const struct audit_rule *by;
	client.own = !strcmp(row->ip, "own");
	assert_int_equal(ip_parse(str_of(client.own ? "198.51.100.25" : row->ip), &client.ip, NULL), 0);
	enum audit_answer answer = audit_may_relay(reading, &client, &by);
	if ("ny?"[answer] != row->answer)
		fail_msg("%s: %s +%s: expected %c, found %c (%s:%u %s)", what, row->ip, row->shows,
		         row->answer, "ny?"[answer], by ? by->place.file : "-",
		         by ? by->place.line : 0, by ? by->place.text : "");
	if (!row->file)
		return;
	const struct audit_place *place = by->through.parameter && by->by & AUDIT_BY_ROUTES
	                                ? &by->through.place
	                                : by->list_name ? &by->list : &by->place;
	if (strcmp(place->file, row->file) || place->line != row->line)
		fail_msg("%s: %s +%s: expected %s:%u, found %s:%u", what, row->ip, row->shows,
		         row->file, row->line, place->file, place->line);
}

enum { CLIENTS_MAX = 8, FILES_OF_ROW = 7 };

struct reading_row {
	const char *title;
	struct memory_file files[FILES_OF_ROW];
	bool open;
	struct client_row clients[CLIENTS_MAX];
	const char *ports;               /* "25 465t 587l": t TLS first, l for logins; or NULL */
};

typedef int reader_fn(const struct audit_files *files, const char *file, struct arena *a,
                      struct audit_reading *out);

static inline void check_ports(const char *title, const struct audit_reading *r, const char *ports)
{
	struct buf found = { 0 };
	for (size_t i = 0; i < r->port_n; i++)
		buf_printf(&found, "%s%u%s%s", i ? " " : "", r->ports[i].port,
		           r->ports[i].tls_first ? "t" : "", r->ports[i].for_login ? "l" : "");
	if (strcmp(buf_cstr(&found), ports))
		fail_msg("%s: expected the ports %s, found %s", title, ports, buf_cstr(&found));
	buf_fini(&found);
}

static inline void check_reading(const struct reading_row *row, reader_fn *read, const char *file)
{
	struct arena a = { 0 };
	struct audit_reading r;
	struct audit_files files = { memory_read, memory_list, (void *)row->files };
	int err = read(&files, file, &a, &r);
	if (err != ERR_OK)
		fail_msg("%s: %d", row->title, err);
	for (size_t i = 0; i < CLIENTS_MAX && row->clients[i].ip; i++)
		check_client(row->title, &r, &row->clients[i]);
	if (r.open_to_all != row->open)
		fail_msg("%s: expected it to be %s", row->title, row->open ? "open" : "not open");
	if (row->ports)
		check_ports(row->title, &r, row->ports);
	arena_fini(&a);
}

#endif
