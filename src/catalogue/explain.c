/* SPDX-License-Identifier: ISC
 *
 * Forms and causes in text for people: broken into lines between words, parts set in by spaces.
 */
#include "catalogue/explain.h"

#include <assert.h>

enum { IN = 5, DEEPER = 7, LINES = 11 };

/* ---- text in lines ----------------------------------------------------------------------- */

static void add_spaces(struct buf *out, size_t n)
{
	while (n--)
		buf_add_byte(out, ' ');
}

/* Words behind a label, from column `from` on, and in lines that follow from column `indent` on. */
static void add_text(struct buf *out, const char *label, size_t from, size_t indent,
                     const char *text)
{
	struct str rest = str_of(text), word;
	size_t column = strlen(label);
	bool begun = false;
	buf_add_cstr(out, label);
	while (str_token(&rest, " ", &word)) {
		if (begun && column + 1 + word.n > EXPLAIN_COLUMNS) {
			buf_add_byte(out, '\n');
			column = 0;
			from = indent;
			begun = false;
		}
		size_t gap = begun ? 1 : from > column ? from - column : 0;
		add_spaces(out, gap);
		buf_add_str(out, word);
		column += gap + word.n;
		begun = true;
	}
	buf_add_byte(out, '\n');
}

static void add_paragraph(struct buf *out, size_t indent, const char *text)
{
	add_text(out, "", indent, indent, text);
}

static void add_lines(struct buf *out, size_t indent, const char *lines)
{
	struct str rest = str_of(lines), line;
	while (str_token(&rest, "\n", &line)) {
		add_spaces(out, indent);
		buf_add_str(out, line);
		buf_add_byte(out, '\n');
	}
}

/* ---- below an "open" --------------------------------------------------------------------- */

/* Forms are in the table from the plainest on; in the clear is more basic than under STARTTLS. */
static bool is_more_basic(const struct relay_form *a, const struct relay_form *b)
{
	return a->starttls != b->starttls ? !a->starttls : a->row < b->row;
}

static bool can_have(const struct cause *cause, enum mta mta)
{
	const struct cause_words *words = cause_words_of(cause, mta);
	return !words || words->parameter;
}

int explain_open(const char *const *names, size_t n, enum mta mta, struct explanation *e)
{
	const struct cause *all[FORM_CAUSES_MAX + 1];
	*e = (struct explanation){ .mta = mta };
	for (size_t i = 0; i < n; i++) {
		struct relay_form form;
		if (relay_form_parse(str_of(names[i]), &form) == ERR_OK &&
		    (!e->form.row || is_more_basic(&form, &e->form)))
			e->form = form;
	}
	if (!e->form.row)
		return ERR_NOT_FOUND;
	size_t found = form_causes(&e->form, all);
	for (size_t i = 0; i < found; i++)
		if (can_have(all[i], mta))
			e->causes[e->n++] = all[i];
	/* It came back all the same: then the server is another, or what stands around it. */
	for (size_t i = 0; i < found && e->n == 0; i++)
		e->causes[i] = all[i];
	e->n = e->n ? e->n : found;
	assert(e->n > 0);
	return ERR_OK;
}

int explain_server(const char *const *names, size_t n, enum mta greets, enum mta writes,
                   struct explanation *e)
{
	bool by_line = greets == MTA_UNKNOWN && writes != MTA_UNKNOWN;
	int err = explain_open(names, n, by_line ? writes : greets, e);
	e->by_line = by_line;
	return err;
}

static bool has_cause(const struct explanation *e, const struct cause *cause)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->causes[i] == cause)
			return true;
	return false;
}

void explain_seen(struct explanation *e, const struct seen_as *seen, const struct ip *host)
{
	const struct cause *first[SEEN_CAUSES_MAX];
	if (!seen->address.family)
		return;
	e->seen = *seen;
	if (!seen_is_sure(seen))
		return;
	struct explanation of_form = *e;
	e->n = seen_causes(seen, host, first);
	memcpy(e->causes, first, e->n * sizeof(*first));
	for (size_t i = 0; i < of_form.n; i++)
		if (!has_cause(e, of_form.causes[i]))
			e->causes[e->n++] = of_form.causes[i];
	assert(e->n <= EXPLAIN_CAUSES_MAX);
}

static void add_seen(const struct explanation *e, size_t indent, struct buf *out)
{
	char address[IP_TEXT_MAX], prefix[PREFIX_TEXT_MAX];
	struct prefix range;
	struct buf text = { 0 };
	const char *who = seen_range(&e->seen.address, &range);
	buf_add_cstr(&text, "By its own Received line ");
	seen_sentence(&e->seen, &text);
	buf_add_byte(&text, '.');
	if (who)
		buf_printf(&text, " (%s is of %s, %s.)", ip_format(&e->seen.address, address),
		           prefix_format(&range, prefix), who);
	add_paragraph(out, indent, buf_cstr(&text));
	buf_fini(&text);
}

static void add_likeliest(const struct explanation *e, struct buf *text)
{
	const struct cause *first = e->causes[0];
	const struct cause_words *words = cause_words_of(first, e->mta);
	buf_printf(text, "Likeliest cause, %s: %s.", first->id, first->title);
	if (words && words->parameter)
		buf_printf(text, " In %s, a guess by its %s: %s.", mta_title(e->mta),
		           e->by_line ? "Received line" : "greeting", words->parameter);
	for (size_t i = 1; i < e->n; i++)
		buf_printf(text, "%s %s", i == 1 ? " Also possible:" : i + 1 == e->n ? " and" : ",",
		           e->causes[i]->id);
	if (e->n > 1)
		buf_add_byte(text, '.');
}

static void add_why(const struct explanation *e, size_t indent, struct buf *out)
{
	char name[RELAY_NAME_MAX];
	struct buf text = { 0 };
	assert(e->form.row && e->n > 0);
	if (e->seen.address.family)
		add_seen(e, indent, out);
	relay_form_name(&e->form, name);
	buf_printf(&text, "%s (%s): %s", name, form_reasons_of(e->form.row)->title,
	           form_reasons_of(e->form.row)->meaning);
	add_paragraph(out, indent, buf_cstr(&text));
	buf_clear(&text);
	add_likeliest(e, &text);
	add_paragraph(out, indent, buf_cstr(&text));
	buf_fini(&text);
}

void explain_short(const struct explanation *e, unsigned indent, struct buf *out)
{
	char name[RELAY_NAME_MAX];
	struct buf text = { 0 };
	add_why(e, indent, out);
	relay_form_name(&e->form, name);
	buf_printf(&text, "How to close it: portreeve explain %s%s%s", name,
	           e->mta == MTA_UNKNOWN ? "" : " --mta ", mta_name(e->mta));
	add_paragraph(out, indent, buf_cstr(&text));
	buf_fini(&text);
}

/* ---- a cause in full --------------------------------------------------------------------- */

static void add_words(struct buf *out, const struct cause_words *words, enum mta mta)
{
	struct buf text = { 0 };
	buf_printf(&text, "%s: %s", mta_title(mta),
	           words->parameter ? words->parameter : "cannot have it by itself.");
	add_text(out, "", IN, DEEPER + 2, buf_cstr(&text));
	add_paragraph(out, DEEPER, words->how);
	if (words->fix) {
		buf_clear(&text);
		buf_printf(&text, "%s:", words->file ? words->file : "In a shell");
		add_paragraph(out, DEEPER, buf_cstr(&text));
		add_lines(out, LINES, words->fix);
	}
	if (words->check) {
		buf_clear(&text);
		buf_printf(&text, "Then: %s", words->check);
		add_paragraph(out, DEEPER, buf_cstr(&text));
	}
	buf_fini(&text);
}

static void add_head(struct buf *out, const struct cause *cause)
{
	add_text(out, cause->id, IN, IN, cause->title);
	add_paragraph(out, IN, cause->meaning);
	if (cause->remedy)
		add_paragraph(out, IN, cause->remedy);
}

void explain_cause(const struct cause *cause, enum mta mta, struct buf *out)
{
	add_head(out, cause);
	for (enum mta m = MTA_FIRST; m <= MTA_LAST; m++) {
		const struct cause_words *words = cause_words_of(cause, m);
		if (mta != MTA_UNKNOWN && m != mta)
			continue;
		if (!words && mta == MTA_UNKNOWN)
			continue;
		buf_add_byte(out, '\n');
		if (words)
			add_words(out, words, m);
		else
			buf_printf(out, "     %s: nothing is known here of this cause.\n",
			           mta_title(m));
	}
}

/* Which parameters there are. */
static void add_parameters(struct buf *out, const struct cause *cause)
{
	for (enum mta m = MTA_FIRST; m <= MTA_LAST; m++) {
		const struct cause_words *words = cause_words_of(cause, m);
		struct buf text = { 0 };
		buf_printf(&text, "%s: %s", mta_title(m), words ? words->parameter : "");
		if (words && words->parameter)
			add_text(out, "", DEEPER, DEEPER + 2, buf_cstr(&text));
		buf_fini(&text);
	}
}

void explain_letter(const struct explanation *e, struct buf *out)
{
	const struct cause *first = e->causes[0];
	const struct cause_words *words = cause_words_of(first, e->mta);
	add_why(e, 0, out);
	buf_add_byte(out, '\n');
	add_head(out, first);
	if (words)
		add_words(out, words, e->mta);
	else
		add_parameters(out, first);
}

/* ---- causes among others ----------------------------------------------------------------- */

/* Whether both are told in the same words by that kind of server, or by all. */
static bool told_alike(const struct cause *a, const struct cause *b, enum mta mta)
{
	for (enum mta m = MTA_FIRST; m <= MTA_LAST; m++)
		if ((mta == MTA_UNKNOWN || m == mta) &&
		    cause_words_of(a, m) != cause_words_of(b, m))
			return false;
	return true;
}

/* What was told in the same words is not told again. */
static const struct cause *told_before(const struct cause *const *found, size_t i, enum mta mta)
{
	for (size_t k = 0; k < i; k++)
		if (told_alike(found[k], found[i], mta))
			return found[k];
	return NULL;
}

/* ---- a form in full ---------------------------------------------------------------------- */

static void add_envelope(struct buf *out, const struct relay_case *row)
{
	static const struct relay_names sample = {
		.u = STR("joe"), .s = STR("sue"), .d = STR("far.example"),
		.t = STR("elsewhere.example"), .r = STR("own.example"), .m = STR("own.example"),
		.i = STR("[192.0.2.1]"), .c = STR("198.51.100.7"), .cl = STR("[198.51.100.7]"),
	};
	const char *missing;
	buf_add_cstr(out, "  MAIL FROM:");
	int e = relay_render(row->mail, &sample, out, &missing);
	assert(e == ERR_OK);
	buf_add_cstr(out, "\n  RCPT TO:");
	size_t from = out->n;
	e = relay_render(row->rcpt, &sample, out, &missing);
	assert(e == ERR_OK);
	/* The full-width sign is shown by a plain one: a terminal may not have it. */
	for (size_t i = from; i + 2 < out->n; i++)
		if (memcmp(out->p + i, "\xef\xbc\xa0", 3) == 0) {
			out->p[i] = '@';
			memmove(out->p + i + 1, out->p + i + 3, out->n - i - 3);
			out->n -= 2;
		}
	buf_add_byte(out, '\n');
}

static void add_what(struct buf *out, const struct relay_form *form)
{
	const struct form_reasons *reasons = form_reasons_of(form->row);
	char name[RELAY_NAME_MAX];
	relay_form_name(form, name);
	buf_printf(out, "%s: %s%s\n", name, reasons->title,
	           form->starttls ? ", under STARTTLS" : "");
	add_envelope(out, form->row);
	buf_add_byte(out, '\n');
	add_paragraph(out, 0, reasons->meaning);
	if (form->starttls)
		add_paragraph(out, 0,
			"It came back under STARTTLS. If the server refuses it in the clear, "
			"encryption changes its answer (C44); or it demands encryption of all.");
}

void explain_form(const struct relay_form *form, enum mta mta, struct buf *out)
{
	const struct cause *found[FORM_CAUSES_MAX + 1], *before;
	size_t n = form_causes(form, found);
	add_what(out, form);
	buf_add_cstr(out, n > 1 ? "\nCauses, the likeliest first:\n" : "\nThe cause:\n");
	for (size_t i = 0; i < n; i++) {
		buf_add_byte(out, '\n');
		if ((before = told_before(found, i, mta)) != NULL) {
			add_head(out, found[i]);
			buf_printf(out, "       In the mail server: as %s.\n", before->id);
		} else if (mta == MTA_UNKNOWN && i > 0) {
			add_head(out, found[i]);
			add_parameters(out, found[i]);
		} else {
			explain_cause(found[i], mta, out);
		}
	}
	if (mta == MTA_UNKNOWN && n > 1)
		buf_printf(out, "\nThe lines that close the others: portreeve explain %s, and so "
		           "on.\n", found[1]->id);
}

/* ---- all --------------------------------------------------------------------------------- */

void explain_all(struct buf *out)
{
	buf_add_cstr(out, "Forms of the relay test\n");
	for (size_t i = 0; i < relay_case_count; i++)
		buf_printf(out, "  %-5s %s\n", relay_cases[i].id,
		           form_reasons_of(&relay_cases[i])->title);
	add_paragraph(out, 2, "Under STARTTLS each of E01 to X02 is called S09-E01 and so on.");
	buf_add_cstr(out, "\nCauses\n");
	for (size_t i = 0; i < cause_count; i++)
		buf_printf(out, "  %-5s %s\n", causes[i].id, causes[i].title);
	buf_add_cstr(out, "\nMore of each: portreeve explain E14, portreeve explain C6\n");
}

/* All ids are in capitals, but for the letter behind a number: "E29a". */
int explain_form_parse(struct str name, struct relay_form *form)
{
	struct relay_form one;
	char text[RELAY_NAME_MAX];
	for (size_t i = 0; i < relay_case_count; i++)
		for (unsigned tls = 0; tls <= relay_has_tls_twin(&relay_cases[i]); tls++) {
			one = (struct relay_form){ &relay_cases[i], tls };
			relay_form_name(&one, text);
			if (str_caseeq(name, str_of(text))) {
				*form = one;
				return ERR_OK;
			}
		}
	return ERR_NOT_FOUND;
}
