/* SPDX-License-Identifier: ISC
 *
 * A message as a program hands it to sendmail, in pieces of any size: the same comes of it however
 * it is cut; what goes out has a From, a Date and a Message-ID, and no Bcc.
 */
#include "fuzz.h"

#include "cli/letter.h"
#include "mail/header.h"

#include <stdlib.h>

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void take(struct letter_input *in, struct str s, size_t piece)
{
	while (s.n > 0) {
		const struct str some = { s.p, piece < s.n ? piece : s.n };
		if (!letter_take(in, some))
			break;
		s = str_from(s, some.n);
	}
	letter_finish(in);
}

static void check_written(struct str text)
{
	struct header_cursor c;
	struct header_field f;
	unsigned from = 0, date = 0, id = 0;
	header_begin(&c, text);
	while (header_next(&c, &f)) {
		must(!f.odd && !header_is(&f, STR("Bcc")) && !header_is(&f, STR("Resent-Bcc")));
		from += header_is(&f, STR("From"));
		date += header_is(&f, STR("Date"));
		id += header_is(&f, STR("Message-ID"));
	}
	must(from > 0 && date > 0 && id > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str s = { (const char *)data, size };
	const struct letter_facts facts = {
		.sender = "", .author = "u@h.example", .name = "A \"b\"", .hostname = "h.example",
		.id = "1", .now_s = 1,
	};
	struct letter_input whole = { 0 }, pieces = { 0 };
	static struct letter_recipients to;
	struct buf out = { 0 };
	take(&whole, s, size + 1);
	take(&pieces, s, 3);
	must(str_eq(buf_str(&whole.text), buf_str(&pieces.text)));
	must(whole.text.n <= size + 1 && str_find(buf_str(&whole.text), '\r') == SIZE_MAX);
	letter_recipients_of(&to, buf_str(&whole.text), "h.example");
	letter_add_recipients(&to, s, "h.example");
	must(to.n <= LETTER_RECIPIENTS_MAX);
	for (size_t i = 0; i < to.n; i++)
		must(to.v[i][0] != '\0' && strchr(to.v[i], '@'));
	letter_recipients_fini(&to);
	letter_write(buf_str(&whole.text), &facts, &out);
	check_written(buf_str(&out));
	buf_fini(&out);
	buf_fini(&whole.text);
	buf_fini(&pieces.text);
	return 0;
}
