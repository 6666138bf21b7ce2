/* SPDX-License-Identifier: ISC
 *
 * One answer of a source: filled, kept in the cache, shown.
 */
#include "report/answer.h"

#include "mail/address.h"

void contact_add(struct contact_answer *answer, struct str email)
{
	email = str_trim(email);
	/* No desk has an address with a quoted name or an address literal. */
	bool good = mail_address_valid(email) && str_find(email, '"') == SIZE_MAX &&
	            str_find(email, '[') == SIZE_MAX &&
	            answer->email_count < CONTACT_EMAILS_MAX;
	for (size_t i = 0; good && i < answer->email_count; i++)
		good = !str_caseeq(email, str_of(answer->emails[i]));
	if (good)
		str_copy(answer->emails[answer->email_count++], CONTACT_MAX, email);
}

void contact_name(struct contact_answer *answer, struct str name)
{
	size_t n = 0;
	for (size_t i = 0; i < name.n && n < sizeof(answer->name) - 1; i++)
		if (ascii_isprint((unsigned char)name.p[i]))
			answer->name[n++] = name.p[i];
	answer->name[n] = '\0';
}

void contact_range(const struct prefix *p, struct ip *first, struct ip *last)
{
	*first = *last = p->ip;
	for (unsigned bit = p->len; bit < ip_bits(&p->ip); bit++)
		last->b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

static void add_emails(const struct contact_answer *answer, const char *key, struct json *j)
{
	json_open_array(j, key);
	for (size_t i = 0; i < answer->email_count; i++)
		json_add_cstr(j, NULL, answer->emails[i]);
	json_close(j);
}

/* Older databases have it: what is not told is "" in it. */
void contact_format(const struct contact_answer *answer, struct buf *out)
{
	char first[IP_TEXT_MAX] = "", last[IP_TEXT_MAX] = "";
	if (answer->first.family) {
		ip_format(&answer->first, first);
		ip_format(&answer->last, last);
	}
	struct json j = { .out = out };
	json_open_object(&j, NULL);
	json_add_cstr(&j, "first", first);
	json_add_cstr(&j, "last", last);
	json_add_cstr(&j, "name", answer->name);
	json_add_int(&j, "asn", answer->asn);
	add_emails(answer, "emails", &j);
	json_close(&j);
}

int contact_parse(struct str json, struct contact_answer *answer)
{
	json_t *root = json_loadb(json.p, json.n, 0, NULL);
	const char *first = "", *last = "", *name = "";
	json_int_t asn = 0;
	json_t *emails = NULL, *value;
	size_t i;
	int e = ERR_OK;
	if (json_unpack(root, "{s:s, s:s, s:s, s:I, s:o}", "first", &first, "last", &last,
	                "name", &name, "asn", &asn, "emails", &emails) != 0 ||
	    asn < 0 || asn > UINT32_MAX)
		e = ERR_INVALID;
	if (e == ERR_OK && *first && (ip_parse(str_of(first), &answer->first, NULL) != ERR_OK ||
	                              ip_parse(str_of(last), &answer->last, NULL) != ERR_OK))
		e = ERR_INVALID;
	if (e == ERR_OK) {
		contact_name(answer, str_of(name));
		answer->asn = (uint32_t)asn;
		json_array_foreach(emails, i, value)
			contact_add(answer, str_of(json_string_value(value)));
	}
	json_decref(root);
	return e;
}

void contact_answer_json(const struct contact_answer *a, struct json *j)
{
	json_add_cstr(j, "source", a->source);
	json_add_ip(j, "first", &a->first);
	json_add_ip(j, "last", &a->last);
	json_add_cstr_if(j, "name", a->name);
	if (a->asn)
		json_add_int(j, "asn", a->asn);
	add_emails(a, "contacts", j);
	json_add_time(j, "fetched", a->fetched_s);
	json_add_bool(j, "cached", a->cached);
	json_add_cstr_if(j, "problem", a->problem);
}
