/* SPDX-License-Identifier: ISC
 *
 * Envelope paths. Input: a byte of flags, then the text. What is taken must be
 * within its limits, and be taken again when it stands alone.
 */
#include "fuzz.h"

#include "mail/address.h"

#include <assert.h>
#include <stdlib.h>

static void check_same(const struct mail_path *a, unsigned flags)
{
	struct mail_path b;
	size_t used;
	assert(mail_path_parse(a->text, flags, &b, &used, NULL) == ERR_OK && used == a->text.n);
	assert(str_eq(a->route, b.route) && str_eq(a->local, b.local));
	assert(str_eq(a->domain, b.domain));
	assert(mail_path_parse((struct str){ a->text.p, a->text.n - 1 }, flags, &b, &used, NULL) !=
	       ERR_OK);
}

static void check_parts(const struct mail_path *path, unsigned flags)
{
	char unquoted[MAIL_LOCAL_MAX];
	struct ip ip;
	assert(path->text.n >= 2 && path->text.n <= MAIL_PATH_MAX);
	assert(path->text.p[0] == '<' && path->text.p[path->text.n - 1] == '>');
	assert(path->local.n <= MAIL_LOCAL_MAX && path->domain.n <= MAIL_DOMAIN_MAX);
	assert(mail_local_unquote(path, unquoted) <= path->local.n);
	assert(!path->is_null || (flags & MAIL_PATH_NULL_OK));
	assert(path->is_null == (path->local.n == 0));
	assert(path->domain.n || path->is_null || (flags & MAIL_PATH_POSTMASTER_OK));
	if (path->is_literal)
		assert(mail_literal_parse(path->domain, &ip) != ERR_INVALID);
	else if (path->domain.n && !(flags & MAIL_PATH_UTF8_OK))
		assert(mail_domain_valid(path->domain));
	for (size_t i = 0; i < path->text.n; i++) {
		unsigned char c = (unsigned char)path->text.p[i];
		assert(c >= 0x20 && c != 0x7f && (c < 0x80 || (flags & MAIL_PATH_UTF8_OK)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	const unsigned all = MAIL_PATH_NULL_OK | MAIL_PATH_POSTMASTER_OK | MAIL_PATH_UTF8_OK;
	unsigned flags = data[0] & all;
	struct str s = { (const char *)data + 1, size - 1 };
	struct mail_path path;
	struct parse_error pe = { 0 };
	struct ip ip;
	size_t used;
	if (mail_path_parse(s, flags, &path, &used, &pe) == ERR_OK) {
		assert(used <= s.n && path.text.p == s.p && path.text.n == used);
		check_parts(&path, flags);
		check_same(&path, flags);
	} else {
		assert(pe.expected && pe.offset <= s.n);
	}
	if (mail_domain_valid(s))
		assert(s.n >= 1 && s.n <= MAIL_DOMAIN_MAX);
	if (mail_literal_parse(s, &ip) == ERR_OK)
		assert(ip.family == 4 || ip.family == 6);
	return 0;
}
