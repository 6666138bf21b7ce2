/* SPDX-License-Identifier: ISC
 *
 * Forms and causes for machines, as portreeve-json(5) has it: what is not there is absent.
 */
#include "catalogue/explain.h"

void explanation_json(const struct explanation *e, struct json *j)
{
	json_open_array(j, "causes");
	for (size_t i = 0; i < e->n; i++)
		json_add_cstr(j, NULL, e->causes[i]->id);
	json_close(j);
	json_add_cstr_if(j, "mta", mta_name(e->mta));
}

static void add_lines_json(const char *lines, struct json *j)
{
	struct str rest = str_of(lines), line;
	json_open_array(j, "fix");
	while (str_token(&rest, "\n", &line))
		json_add_str(j, NULL, line);
	json_close(j);
}

static void words_json(const struct cause_words *words, enum mta mta, struct json *j)
{
	json_add_cstr(j, "mta", mta_name(mta));
	json_add_bool(j, "possible", words->parameter != NULL);
	json_add_cstr_if(j, "parameter", words->parameter);
	json_add_cstr(j, "how", words->how);
	json_add_cstr_if(j, "file", words->file);
	if (words->fix)
		add_lines_json(words->fix, j);
	json_add_cstr_if(j, "check", words->check);
}

void cause_json(const struct cause *cause, enum mta mta, struct json *j)
{
	json_add_cstr(j, "cause", cause->id);
	json_add_cstr(j, "title", cause->title);
	json_add_cstr(j, "meaning", cause->meaning);
	json_add_cstr_if(j, "remedy", cause->remedy);
	json_open_array(j, "servers");
	for (enum mta m = MTA_FIRST; m <= MTA_LAST; m++) {
		const struct cause_words *words = cause_words_of(cause, m);
		if (!words || (mta != MTA_UNKNOWN && m != mta))
			continue;
		json_open_object(j, NULL);
		words_json(words, m, j);
		json_close(j);
	}
	json_close(j);
}

void form_json(const struct relay_form *form, enum mta mta, struct json *j)
{
	const struct form_reasons *reasons = form_reasons_of(form->row);
	const struct cause *found[FORM_CAUSES_MAX + 1];
	char name[RELAY_NAME_MAX];
	size_t n = form_causes(form, found);
	relay_form_name(form, name);
	json_add_cstr(j, "form", name);
	json_add_cstr(j, "title", reasons->title);
	json_add_cstr(j, "meaning", reasons->meaning);
	json_add_cstr(j, "mail", form->row->mail);
	json_add_cstr(j, "rcpt", form->row->rcpt);
	json_add_bool(j, "starttls", form->starttls || form->row->session == RELAY_STARTTLS);
	json_open_array(j, "causes");
	for (size_t i = 0; i < n; i++) {
		json_open_object(j, NULL);
		cause_json(found[i], mta, j);
		json_close(j);
	}
	json_close(j);
}
