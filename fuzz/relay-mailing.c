/* SPDX-License-Identifier: ISC
 *
 * The conversation of notices and of the check of the collector, with any server. The first
 * byte picks what is to be said; the rest is what the server sends, in pieces. Whatever comes,
 * the commands are few, a message leaves once at most and only where there is one, and once it
 * is decided nothing follows but QUIT.
 */
#include "fuzz.h"

#include "relaytest/mailing.h"

#include <assert.h>

enum { COMMANDS_MAX = 12 };          /* EHLO twice, HELO twice, STARTTLS, MAIL, RCPTs, … */

static const char *const paths[] = { "<a@one.test>", "<b@two.test>", "<postmaster>" };

struct fuzz {
	struct mailing *m;
	unsigned commands, messages;
	bool was_decided;
};

static void check(struct fuzz *f, bool data_allowed)
{
	struct mailing_result r;
	mailing_result(f->m, &r);
	assert(!(r.taken && !r.decided) && !(r.taken && r.unanswered));
	assert(r.why);
	for (const char *p = r.why; *p; p++)
		assert(ascii_isprint((unsigned char)*p));
	assert(!f->was_decided || r.decided);
	f->was_decided = r.decided;
	assert(f->messages <= 1 && (f->messages == 0 || data_allowed));
}

static void take_output(struct fuzz *f)
{
	struct str out = mailing_output(f->m), line;
	struct str rest = out;
	bool over = f->was_decided;
	while (str_token(&rest, "\r\n", &line)) {
		assert(!over);       /* QUIT was the last */
		if (str_eq(line, STR("X-Body: y")))
			f->messages++;
		else
			f->commands++;
	}
	assert(f->commands <= COMMANDS_MAX);
	mailing_output_sent(f->m, out.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned bits = size ? data[0] : 0;
	struct str rest = { (const char *)data + (size ? 1 : 0), size ? size - 1 : 0 };
	bool has_message = bits & 1;
	struct mailing_setup setup = {
		.helo = "us.test", .from = "<>", .recipients = paths, .n = 1 + (bits >> 1 & 1) * 2,
		.message = has_message ? STR("X-Body: y\n") : STR(""),
		.stranger = !has_message && bits & 4 ? "<c@one.test>" : NULL,
		.starttls = bits & 8,
	};
	struct fuzz f = { .m = mailing_create(&setup) };
	enum mailing_step step = MAILING_WAITS;
	while (rest.n && step != MAILING_OVER) {
		size_t n = 1 + (unsigned char)rest.p[0] % 61;
		n = n < rest.n ? n : rest.n;
		step = mailing_received(f.m, (struct str){ rest.p, n });
		take_output(&f);
		check(&f, has_message);
		rest = str_from(rest, n);
		if (step == MAILING_START_TLS) {
			assert(setup.starttls);
			mailing_secured(f.m);
			take_output(&f);
			step = MAILING_WAITS;
		}
	}
	mailing_destroy(f.m);
	return 0;
}
