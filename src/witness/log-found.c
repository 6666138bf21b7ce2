/* SPDX-License-Identifier: ISC
 *
 * The reader's memory: sessions by process or id, in a table of fixed size where the longest unused
 * one of a set gives way, and what was seen.
 */
#include "witness/log-private.h"

#include <assert.h>
#include <stdio.h>

bool log_said(const struct witness_log *log, struct str text, struct witness_said *said)
{
	size_t at = 0;
	while (witness_said_find(text, &at, said))
		if (!*log->word || strcmp(log->word, said->word) == 0)
			return true;
	return false;
}

bool log_key(const struct log_line *line, struct str id, char key[static LOG_KEY_MAX])
{
	int n = snprintf(key, LOG_KEY_MAX, "%.*s %.*s %.*s", STR_ARG(line->host),
	                 STR_ARG(line->ident), STR_ARG(id));
	return n > 0 && n < LOG_KEY_MAX;
}

/* The ids are made by servers, not by strangers. */
static struct log_session *set_of(struct witness_log *log, const char *key)
{
	uint64_t h = 14695981039346656037u;
	for (const char *p = key; *p; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	return &log->sessions[(h >> 20) % LOG_SETS * LOG_WAYS];
}

struct log_session *log_session_find(struct witness_log *log, const char *key)
{
	struct log_session *set = set_of(log, key);
	for (size_t i = 0; i < LOG_WAYS; i++) {
		if (*set[i].key && strcmp(set[i].key, key) == 0) {
			set[i].used = ++log->turn;
			return &set[i];
		}
	}
	return NULL;
}

struct log_session *log_session_open(struct witness_log *log, const char *key)
{
	struct log_session *set = set_of(log, key), *oldest = set;
	struct log_session *s = log_session_find(log, key);
	for (size_t i = 1; i < LOG_WAYS; i++)
		if (set[i].used < oldest->used)
			oldest = &set[i];
	if (!s)
		s = oldest;
	*s = (struct log_session){ .used = ++log->turn };
	str_copy(s->key, sizeof(s->key), str_of(key));
	return s;
}

void log_session_close(struct witness_log *log, const char *key)
{
	struct log_session *s = log_session_find(log, key);
	if (s)
		*s = (struct log_session){ 0 };
}

static bool is_same(const struct witness_sighting *seen, enum mta mta,
                    const struct witness_said *said, const struct ip *ip)
{
	return seen->mta == mta && ip_eq(&seen->as, ip) && seen->said.family == said->family &&
	       seen->said.port == said->port && strcmp(seen->said.word, said->word) == 0;
}

void log_add(struct witness_log *log, enum mta mta, const struct log_line *line,
             const struct witness_said *said, const struct ip *ip)
{
	size_t i = 0;
	if (!ip->family) {
		log->unplaced++;
		return;
	}
	while (i < log->seen_n && !is_same(&log->seen[i], mta, said, ip))
		i++;
	if (i == WITNESS_SIGHTINGS_MAX) {
		log->cut = true;
		return;
	}
	if (i == log->seen_n)
		log->seen[log->seen_n++] = (struct witness_sighting){ *said, mta, *ip, "", 0 };
	assert(log->seen_n <= WITNESS_SIGHTINGS_MAX);
	log->seen[i].lines++;
	str_copy(log->seen[i].time, WITNESS_TIME_MAX, line->time);
}

/* A name as servers let it into their logs: of letters, digits, "-", ".", "_". */
static bool is_name_char(char c)
{
	return ascii_isalnum((unsigned char)c) || c == '-' || c == '.' || c == '_';
}

size_t log_peer(struct str s, struct ip *ip)
{
	size_t n = 0;
	while (n < s.n && is_name_char(s.p[n]))
		n++;
	if (n > 0 && n < s.n && s.p[n] == ' ')
		n++;
	size_t end = str_find(str_from(s, n), ']');
	if (n >= s.n || s.p[n] != '[' || end == SIZE_MAX)
		return 0;
	struct str address = { s.p + n + 1, end - 1 };
	if (str_caseprefix(address, STR("IPv6:")))
		address = str_from(address, 5);
	return ip_parse(address, ip, NULL) == ERR_OK ? n + end + 1 : 0;
}
