/* SPDX-License-Identifier: ISC
 *
 * Lines are weighed by their words. Of those that weigh the same the first is the cause, and what
 * follows is its consequence; of those without a weight the last is where it stopped.
 */
#include "closed/telling.h"

#include "base/shown.h"

enum { NOTHING, ANY, WARNING, ERROR, FATAL };

static bool has_any(struct str line, const char *const *words)
{
	for (; *words; words++)
		if (str_casesearch(line, str_of(*words)) != SIZE_MAX)
			return true;
	return false;
}

static int weight_of(struct str line, bool tls)
{
	static const char *const fatal[] = { "fatal", "panic", NULL };
	static const char *const error[] = { "error", "syserr", "exception", NULL };
	static const char *const warning[] = { "warn", "cannot", "can't", "could not", "failed",
	                                       "unable", "no such", NULL };
	static const char *const of_tls[] = { "tls", "ssl", "certificate", NULL };
	/* Said at each start, or of what the asker does: */
	static const char *const noise[] = { "purging the environment", "keep_environment",
	                                     "did not issue MAIL", "open panic log", NULL };
	if (!line.n || (tls && !has_any(line, of_tls)) || has_any(line, noise))
		return NOTHING;
	return has_any(line, fatal) ? FATAL : has_any(line, error) ? ERROR :
	       has_any(line, warning) ? WARNING : ANY;
}

/* "<18>Nov 28 18:34:41 host postfix/smtpd[12]: fatal: x" is "postfix/smtpd: fatal: x" to people. */
static void line_add(struct str line, struct buf *out)
{
	enum { NUMBER_MAX = 100 };
	const size_t open = str_find(line, '['), end = str_search(line, STR("]: "));
	if (open != SIZE_MAX && end != SIZE_MAX && open < end && end < NUMBER_MAX) {
		size_t name = open;
		while (name > 0 && line.p[name - 1] != ' ')
			name--;
		buf_add_str(out, (struct str){ line.p + name, open - name });
		buf_add_cstr(out, ": ");
		line = str_from(line, end + 3);
	} else if (line.n > 20 && line.p[4] == '-' && line.p[7] == '-' && line.p[19] == ' ') {
		line = str_from(line, 20);      /* "2026-11-28 18:34:41 " */
	}
	buf_add_str(out, shown_cut(line, CLOSED_TELLING_MAX));
}

enum closed_tells closed_telling(struct str log, bool tls, struct buf *line)
{
	struct str one, best = { 0 }, behind = { 0 };
	int most = NOTHING;
	while (str_token(&log, "\r\n", &one)) {
		one = str_trim(one);
		const int weight = weight_of(one, tls);
		if (weight > most || (weight == most && weight == ANY)) {
			best = one;
			behind = log;
			most = weight;
		}
	}
	if (most == NOTHING)
		return CLOSED_TELLS_NOTHING;
	line_add(best, line);
	/* What is wrong stands in the next one, which is set in. */
	if (best.p[best.n - 1] == ':' && str_token(&behind, "\r\n", &one) &&
	    ascii_isspace(one.p[0])) {
		buf_add_byte(line, ' ');
		buf_add_str(line, shown_cut(str_trim(one), CLOSED_TELLING_MAX));
	}
	return most == ANY ? CLOSED_TELLS_LAST : CLOSED_TELLS_WHY;
}
