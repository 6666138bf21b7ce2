/* SPDX-License-Identifier: ISC
 *
 * The lines between witness and asker, read and written: what is not exactly as it would be written
 * is not read.
 */
#include "witness/message.h"

#include <assert.h>

enum { MINUTE_MS = 60000 };

static const char *const result_names[WITNESS_RESULTS] = {
	"connected", "refused", "timeout", "unreachable", "failed", "forbidden",
};

static const char *const no_names[WITNESS_NOS] = {
	"yes", "request", "host", "port", "rate", "busy", "name", "many",
};

const char *witness_result_name(enum witness_result result)
{
	assert((unsigned)result < WITNESS_RESULTS);
	return result_names[result];
}

const char *witness_no_name(enum witness_no no)
{
	assert((unsigned)no < WITNESS_NOS);
	return no_names[no];
}

/* ---- words of a line --------------------------------------------------------------------- */

/* The next word, which ends at one space or at the line's end; false: there is none. */
static bool take_word(struct str *line, struct str *word)
{
	size_t space = str_find(*line, ' ');
	*word = (struct str){ line->p, space == SIZE_MAX ? line->n : space };
	*line = str_from(*line, space == SIZE_MAX ? line->n : space + 1);
	return word->n > 0;
}

static bool ends_in_space(struct str line)
{
	return line.n > 0 && line.p[line.n - 1] == ' ';
}

static bool take_port(struct str word, uint16_t *port)
{
	uint64_t n;
	if (word.n == 0 || word.p[0] == '0' || str_u64(word, UINT16_MAX, &n) != ERR_OK)
		return false;
	*port = (uint16_t)n;
	return true;
}

static int name_index(struct str word, const char *const *names, int first, int count)
{
	for (int i = first; i < count; i++)
		if (str_eq(word, str_of(names[i])))
			return i;
	return -1;
}

/* ---- the request --------------------------------------------------------------------------- */

static bool has_port(const struct witness_request *r, uint16_t port)
{
	for (size_t i = 0; i < r->port_count; i++)
		if (r->ports[i] == port)
			return true;
	return false;
}

static bool take_ports(struct str list, struct witness_request *r)
{
	uint16_t port;
	for (;;) {
		size_t comma = str_find(list, ',');
		struct str item = { list.p, comma == SIZE_MAX ? list.n : comma };
		if (r->port_count == WITNESS_PORTS_MAX || !take_port(item, &port) ||
		    has_port(r, port))
			return false;
		r->ports[r->port_count++] = port;
		if (comma == SIZE_MAX)
			return true;
		list = str_from(list, comma + 1);
	}
}

/* As it is made: in lower case, with a check that holds. */
static bool take_the_word(struct str word, struct witness_request *r)
{
	unsigned day;
	return witness_word_parse(word, r->word, &day, NULL) == ERR_OK &&
	       str_eq(str_of(r->word), word);
}

int witness_request_parse(struct str bytes, struct witness_request *out)
{
	size_t end = str_find(bytes, '\n');
	struct str line = { bytes.p, end }, version, word, host, ports;
	*out = (struct witness_request){ 0 };
	if (end == SIZE_MAX)
		return bytes.n < WITNESS_REQUEST_MAX ? ERR_AGAIN : ERR_INVALID;
	if (end + 1 != bytes.n || bytes.n > WITNESS_REQUEST_MAX)
		return ERR_INVALID;
	bool ok = !ends_in_space(line) && take_word(&line, &version) && take_word(&line, &word) &&
	          take_word(&line, &host) && take_word(&line, &ports) && line.n == 0 &&
	          str_eq(version, STR("witness/1")) && take_the_word(word, out) &&
	          witness_host_ok(host) && take_ports(ports, out);
	if (!ok) {
		*out = (struct witness_request){ 0 };
		return ERR_INVALID;
	}
	str_copy(out->host, sizeof(out->host), host);
	return ERR_OK;
}

void witness_request_format(const struct witness_request *r, struct buf *out)
{
	assert(r->port_count > 0 && r->port_count <= WITNESS_PORTS_MAX);
	buf_printf(out, "witness/1 %s %s ", r->word, r->host);
	for (size_t i = 0; i < r->port_count; i++)
		buf_printf(out, "%s%u", i ? "," : "", (unsigned)r->ports[i]);
	buf_add_byte(out, '\n');
}

enum witness_no witness_request_judge(const struct witness_request *r,
                                      const struct witness_key *key)
{
	if (!witness_key_has_host(key, str_of(r->host)))
		return WITNESS_NO_HOST;
	for (size_t i = 0; i < r->port_count; i++)
		if (!witness_key_has_port(key, r->ports[i]))
			return WITNESS_NO_PORT;
	return WITNESS_YES;
}

/* ---- the answer ---------------------------------------------------------------------------- */

static bool take_flag(struct str *line, struct str yes, struct str no, bool *out)
{
	struct str word;
	if (!take_word(line, &word))
		return false;
	*out = str_eq(word, yes);
	return *out || str_eq(word, no);
}

static bool take_source(struct str word, struct witness_sight *s)
{
	if (str_eq(word, STR("-")))
		return s->result != WITNESS_CONNECTED;
	return s->result == WITNESS_CONNECTED && ip_parse(word, &s->source, NULL) == ERR_OK;
}

static bool take_seen(struct str line, struct witness_sight *s)
{
	struct str address, port, result, source;
	*s = (struct witness_sight){ 0 };
	if (!take_word(&line, &address) || !take_word(&line, &port) ||
	    !take_word(&line, &result) || !take_word(&line, &source))
		return false;
	int found = name_index(result, result_names, 0, WITNESS_RESULTS);
	if (found < 0 || ip_parse(address, &s->to.ip, NULL) != ERR_OK ||
	    !take_port(port, &s->to.port))
		return false;
	s->result = (enum witness_result)found;
	return take_source(source, s) &&
	       take_flag(&line, STR("greeted"), STR("silent"), &s->greeted) &&
	       take_flag(&line, STR("said"), STR("unsaid"), &s->said) && line.n == 0 &&
	       (s->result == WITNESS_CONNECTED || !s->greeted) && (s->greeted || !s->said);
}

/* ERR_AGAIN: more lines follow. */
static int take_line(struct str line, struct witness_answer *a)
{
	struct str verb, word;
	if (ends_in_space(line) || !take_word(&line, &verb))
		return ERR_INVALID;
	if (str_eq(verb, STR("end")))
		return line.n == 0 && a->n > 0 ? ERR_OK : ERR_INVALID;
	if (str_eq(verb, STR("no"))) {
		int found = take_word(&line, &word) && line.n == 0 && a->n == 0
			? name_index(word, no_names, WITNESS_NO_REQUEST, WITNESS_NOS) : -1;
		a->no = found < 0 ? WITNESS_YES : (enum witness_no)found;
		return found < 0 ? ERR_INVALID : ERR_OK;
	}
	if (!str_eq(verb, STR("at")) || a->n == WITNESS_SIGHTS_MAX || !take_seen(line, &a->v[a->n]))
		return ERR_INVALID;
	a->n++;
	return ERR_AGAIN;
}

int witness_answer_parse(struct str bytes, struct witness_answer *out)
{
	int e = ERR_AGAIN;
	*out = (struct witness_answer){ 0 };
	if (bytes.n > WITNESS_ANSWER_MAX)
		return ERR_INVALID;
	while (e == ERR_AGAIN) {
		size_t end = str_find(bytes, '\n');
		if (end == SIZE_MAX)
			return bytes.n < WITNESS_ANSWER_MAX ? ERR_AGAIN : ERR_INVALID;
		e = take_line((struct str){ bytes.p, end }, out);
		bytes = str_from(bytes, end + 1);
	}
	return e == ERR_OK && bytes.n ? ERR_INVALID : e;
}

static void format_seen(const struct witness_sight *s, struct buf *out)
{
	char to[IP_TEXT_MAX], from[IP_TEXT_MAX];
	assert((s->source.family != 0) == (s->result == WITNESS_CONNECTED));
	buf_printf(out, "at %s %u %s %s %s %s\n", ip_format(&s->to.ip, to), (unsigned)s->to.port,
	           witness_result_name(s->result),
	           s->source.family ? ip_format(&s->source, from) : "-",
	           s->greeted ? "greeted" : "silent", s->said ? "said" : "unsaid");
}

void witness_answer_format(const struct witness_answer *a, struct buf *out)
{
	assert(a->n <= WITNESS_SIGHTS_MAX && (a->no != WITNESS_YES || a->n > 0));
	if (a->no != WITNESS_YES) {
		buf_printf(out, "no %s\n", witness_no_name(a->no));
		return;
	}
	for (size_t i = 0; i < a->n; i++)
		format_seen(&a->v[i], out);
	buf_add_cstr(out, "end\n");
}

/* ---- rate ------------------------------------------------------------------------------------ */

bool witness_rate_take(struct witness_rate *r, unsigned per_minute, int64_t now_ms)
{
	if (r->n == 0 || now_ms - r->began_ms >= MINUTE_MS)
		*r = (struct witness_rate){ now_ms, 0 };
	if (r->n >= per_minute)
		return false;
	r->n++;
	return true;
}
