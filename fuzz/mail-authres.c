/* SPDX-License-Identifier: ISC
 * Authentication-Results, Received-SPF, and an address field. What must never happen: a result
 * out of quotes. The words of a quoted local part are the sender's. */
#include "fuzz.h"

#include "mail/authres.h"
#include "mail/lexical.h"
#include "mail/mailbox.h"

#include <assert.h>
#include <stdlib.h>

/* A slice is empty or lies in the value. */
static void inside(struct str s, struct str value)
{
	assert(s.n == 0 || (s.p >= value.p && s.p + s.n <= value.p + value.n));
}

static size_t count_results(struct str value)
{
	struct authres a;
	struct authres_result r;
	size_t n = 0;
	authres_begin(&a, value);
	inside(a.id, value);
	while (authres_next(&a, &r)) {
		inside(r.method, value);
		inside(r.reason, value);
		assert(r.method.n && r.result.n && r.count <= AUTHRES_PROPERTIES_MAX);
		for (size_t i = 0; i < r.count; i++) {
			inside(r.property[i].value, value);
			inside(r.property[i].domain, value);
			assert(str_find(r.property[i].domain, '@') == SIZE_MAX);
		}
		n++;
	}
	return n;
}

/* The input as a quoted local part, as a server writes it down, quoted pairs and all. */
static void check_sender(struct str words)
{
	struct buf b = { 0 };
	buf_add_cstr(&b, "mx.example; spf=fail smtp.mailfrom=\"");
	for (size_t i = 0; i < words.n; i++) {
		if (words.p[i] == '"' || words.p[i] == '\\')
			buf_add_byte(&b, '\\');
		buf_add_byte(&b, words.p[i]);
	}
	buf_add_cstr(&b, "\"@b.example; dkim=none");
	assert(count_results(buf_str(&b)) == 2);
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str value = { (const char *)data, size };
	struct received_spf spf;
	(void)count_results(value);
	if (received_spf_parse(value, &spf)) {
		inside(spf.domain, value);
		inside(spf.receiver, value);
	}
	inside(mailbox_domain(value), value);
	check_sender(value);
	return 0;
}
