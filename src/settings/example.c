/* SPDX-License-Identifier: ISC
 *
 * What was left in the configuration from the file that comes with the program, from manuals and
 * from RFCs: addresses of documentation and names for examples. All parameters are looked through,
 * whatever they are called: a value that holds such an address or name anywhere (in a list, a mail
 * address, a pattern, a URL) was not edited. A file's path is neither.
 */
#include "settings/settings-private.h"

/* RFC 2606 section 3, and what IANA keeps beside it. Names below .example and .test remain
 * for laboratories. */
static const char *const example_names[] = {
	"example.com", "example.net", "example.org", "example.edu",
};

/* Whole values of the file that comes with the program. */
static const char *const example_values[] = { "\"Example Networks\"" };

/* RFC 5737, RFC 3849 and RFC 9637. `text`: how a pattern such as "192.0.2.*" begins. */
static const struct {
	struct prefix range;
	const char *text;
} example_ranges[] = {
	{ { { 4, { 192, 0, 2 } }, 24 }, "192.0.2." },
	{ { { 4, { 198, 51, 100 } }, 24 }, "198.51.100." },
	{ { { 4, { 203, 0, 113 } }, 24 }, "203.0.113." },
	{ { { 6, { 0x20, 0x01, 0x0d, 0xb8 } }, 32 }, NULL },
	{ { { 6, { 0x3f, 0xff } }, 20 }, NULL },
};
enum { EXAMPLE_RANGES = sizeof(example_ranges) / sizeof(*example_ranges) };

struct example_search {
	const struct settings *settings;
	struct buf *message;
	const struct config_row *last;       /* where one was found */
	size_t parameters;
};

/* A laboratory may live in such a range; it says so. */
static bool is_allowed(const struct settings *s, const struct prefix *range)
{
	for (size_t i = 0; i < s->list.allow_special.n; i++) {
		const struct prefix *special = &s->list.allow_special.v[i];
		if (prefix_covers(special, range) || prefix_covers(range, special))
			return true;
	}
	return false;
}

/* The address that a word is or begins with: "192.0.2.1:25", "IPv6:2001:db8::1". */
static bool address_of(struct str word, struct ip *ip)
{
	if (str_caseprefix(word, STR("IPv6:")))
		word = str_from(word, strlen("IPv6:"));
	if (ip_parse(word, ip, NULL) == ERR_OK)
		return true;
	for (size_t n = word.n; n > 0; n--)
		if (word.p[n - 1] == ':' || word.p[n - 1] == '.')
			if (ip_parse((struct str){ word.p, n - 1 }, ip, NULL) == ERR_OK)
				return true;
	return false;
}

static bool is_example_address(const struct settings *s, struct str word)
{
	struct ip ip;
	bool is_address = address_of(word, &ip);
	for (size_t i = 0; i < EXAMPLE_RANGES; i++) {
		const struct prefix *range = &example_ranges[i].range;
		const char *text = example_ranges[i].text;
		bool in = is_address ? prefix_contains(range, &ip)
			: text && str_prefix(word, str_of(text));
		if (in && !is_allowed(s, range))
			return true;
	}
	return false;
}

/* A text may be made of the machine's own name, which stands in no file, or of a domain that is
 * found where it stands. So are contact and operator, where nobody gave them. */
static bool is_made(const struct settings *s, const struct config_row *row, struct str word)
{
	const struct general_config *g = &s->general;
	const bool of_name = strcmp(row->name, "contact") == 0 ||
	                     strcmp(row->name, "operator") == 0;
	return ((of_name || !g->hostname_given) && str_caseeq(word, str_of(g->hostname))) ||
	       (row->type == CONFIG_STRING && str_caseeq(word, str_of(s->tester.domain)));
}

static bool is_example_name(const struct settings *s, const struct config_row *row,
                            struct str word)
{
	size_t colon = str_find(word, ':');
	if (colon != SIZE_MAX)
		word.n = colon;
	while (word.n && word.p[0] == '.')
		word = str_from(word, 1);
	while (word.n && word.p[word.n - 1] == '.')
		word.n--;
	bool is_example = false;
	for (size_t i = 0; i < sizeof(example_names) / sizeof(*example_names); i++)
		is_example = is_example || str_in_domain(word, str_of(example_names[i]));
	return is_example && !is_made(s, row, word);
}

static bool in_word(char c)
{
	return ascii_isalnum((unsigned char)c) || c == '-' || c == '.' || c == ':' || c == '_';
}

static bool has_example(const struct settings *s, const struct config_row *row,
                        struct str value)
{
	for (size_t i = 0; i < sizeof(example_values) / sizeof(*example_values); i++)
		if (str_eq(value, str_of(example_values[i])))
			return true;
	for (size_t at = 0; at < value.n; at++) {
		size_t end = at;
		while (end < value.n && in_word(value.p[end]))
			end++;
		struct str word = { value.p + at, end - at };
		bool local = end < value.n && value.p[end] == '@';
		if (word.n && !local &&
		    (is_example_address(s, word) || is_example_name(s, row, word)))
			return true;
		at = end;
	}
	return false;
}

static void look_at(void *arg, const struct config_section *section, const struct config_row *row,
                    struct str value)
{
	struct example_search *search = arg;
	const char *name = section->name, *dot = name[0] ? "." : "";
	struct buf *message = search->message;
	if (row->choices || row == search->last || str_prefix(value, STR("\"/")) ||
	    !has_example(search->settings, row, value))
		return;
	search->last = row;
	if (search->parameters++ == 0) {
		buf_printf(message, "%s%s%s: expected your own, found the unedited example ",
		           name, dot, row->name);
		buf_add_str(message, value);
	} else {
		buf_printf(message, "%s%s%s%s", search->parameters == 2 ? "; also in " : ", ",
		           name, dot, row->name);
	}
}

int settings_check_examples(const struct settings *s, struct buf *message)
{
	struct config_section sections[SETTINGS_SECTIONS];
	struct example_search search = { .settings = s, .message = message };
	settings_sections_of((struct settings *)s, sections);
	config_each_value(sections, SETTINGS_SECTIONS, look_at, &search);
	return search.parameters ? ERR_INVALID : ERR_OK;
}
