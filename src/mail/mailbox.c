/* SPDX-License-Identifier: ISC
 *
 * Mailboxes: what is quoted or in a comment is stepped over, and an address in angles counts
 * before one that stands free.
 */
#include "mail/mailbox.h"

#include "mail/lexical.h"

/* Takes a domain behind its "@"; "" where it is none or goes on behind white space. */
static struct str take_domain(struct str *s)
{
	size_t n = 0;
	struct str at = lexical_skip(*s);
	while (n < at.n && at.p[n] && !ascii_isspace(at.p[n]) &&
	       !strchr("<>()[],;:@\"\\", at.p[n]))
		n++;
	struct str domain = { at.p, n };
	*s = str_from(at, n);
	struct str behind = lexical_skip(*s);
	if (behind.n && (behind.p[0] == '.' || (n && domain.p[n - 1] == '.' && behind.n != s->n)))
		return STR("");
	return lexical_domain(domain);
}

/* Behind "<": the domain of what stands before ">". A source route has an "@", too: the last
 * one is the address's. */
static struct str in_angles(struct str s)
{
	struct str domain = STR("");
	for (s = lexical_skip(s); s.n && s.p[0] != '>'; s = lexical_skip(s)) {
		size_t n = s.p[0] == '"' ? lexical_quoted(s) : 1;
		bool at = s.p[0] == '@';
		if (n == 0)
			return STR("");
		s = str_from(s, n);
		if (at)
			domain = take_domain(&s);
	}
	return domain;
}

struct str mailbox_domain(struct str field)
{
	struct str found = STR(""), s;
	for (s = lexical_skip(field); s.n; s = lexical_skip(s)) {
		char c = s.p[0];
		size_t n = c == '"' ? lexical_quoted(s) : 1;
		if (n == 0)
			return STR("");
		s = str_from(s, n);
		if (c == '<')
			return in_angles(s);
		if ((c == ',' || c == ';') && found.n)
			return found;
		if (c == ':')
			found = STR("");         /* that was a group's name */
		else if (c == '@' && found.n == 0)
			found = take_domain(&s);
	}
	return found;
}
