/* SPDX-License-Identifier: ISC
 *
 * What a refusal is about. Input: a byte for the code, one for the enhanced code, the lengths
 * of sender, recipient, HELO and client (a byte each), these four, then the reply's text.
 */
#include "fuzz.h"

#include "base/mem.h"
#include "smtp/policy.h"

#include <assert.h>
#include <stdlib.h>

enum { PARTS = 4 };

static enum refusal refusal_of(int code, const char *enhanced, struct str text,
                               const struct smtp_asked *asked)
{
	struct smtp_reply r = { .code = code };
	str_copy(r.enhanced, sizeof(r.enhanced), str_of(enhanced));
	/* An exact copy, so that a read past its end is seen. */
	r.text = (struct str){ mem_strndup(text.p, text.n), text.n };
	enum refusal is = smtp_refusal(&r, asked);
	free((char *)r.text.p);
	return is;
}

/* What is said without a word of the server's own, be it one echo or two. */
static void check_echoes(const struct str *parts, const struct smtp_asked *asked)
{
	for (int i = 0; i < PARTS; i++) {
		assert(refusal_of(550, "", parts[i], asked) == REFUSAL_UNKNOWN);
		assert(refusal_of(450, "", parts[i], asked) == REFUSAL_UNKNOWN);
		struct buf both = { 0 };
		buf_add_str(&both, parts[i]);
		buf_add_cstr(&both, "\n");
		buf_add_str(&both, parts[(i + 1) % PARTS]);
		assert(refusal_of(550, "", buf_str(&both), asked) == REFUSAL_UNKNOWN);
		buf_fini(&both);
	}
}

static void check_text(int code, const char *enhanced, struct str text,
                       const struct smtp_asked *asked)
{
	enum refusal is = refusal_of(code, enhanced, text, asked);
	assert((is == REFUSAL_NONE) == (code < 400));
	assert(is >= REFUSAL_NONE && is < REFUSAL_TURNED_AWAY);
	assert(is == refusal_of(code, enhanced, text, asked));
	/* Denying relaying is not a matter of the code's class. */
	if (is == REFUSAL_RELAY && code < 500)
		assert(refusal_of(550, "", text, asked) == REFUSAL_RELAY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int codes[] = { 0, 220, 250, 354, 421, 450, 451, 452, 454, 500, 501, 503, 530,
	                             535, 550, 551, 552, 553, 554, 571 };
	static const char *const enhanced[] = { "", "4.7.1", "5.7.1", "5.1.1", "5.1.8", "5.7.25",
	                                        "4.2.0", "5.7.54", "5.999.999" };
	if (size < 2 + PARTS || size > 20000)
		return 0;
	int code = codes[data[0] % (sizeof(codes) / sizeof(*codes))];
	const char *status = enhanced[data[1] % (sizeof(enhanced) / sizeof(*enhanced))];
	struct str rest = { (const char *)data + 2 + PARTS, size - 2 - PARTS }, parts[PARTS];
	for (int i = 0; i < PARTS; i++) {
		size_t n = data[2 + i] < rest.n ? data[2 + i] : rest.n;
		parts[i] = (struct str){ rest.p, n };
		rest = str_from(rest, n);
	}
	const struct smtp_asked asked = {
		.sender = parts[0], .recipient = parts[1], .helo = parts[2], .client = parts[3],
		.port = data[0] & 0x80 ? 587 : 25, .login_offered = data[1] & 0x80,
	};
	check_text(code, status, rest, &asked);
	check_echoes(parts, &asked);
	return 0;
}
