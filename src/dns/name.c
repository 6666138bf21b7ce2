/* SPDX-License-Identifier: ISC
 *
 * Domain names: from text and messages, to text, compared label by label.
 */
#include "dns/name.h"

#include "base/eight.h"

#include <assert.h>
#include <stdio.h>

static const char want_name[] = "a domain name";
static const char want_label[] = "a label of 1 to 63 bytes";
static const char want_escape[] = "\\DDD from 000 to 255, or a backslash and a character";

/* One character of text at s.p[*i], escapes resolved. False: a wrong escape. */
static bool text_byte(struct str s, size_t *i, uint8_t *byte)
{
	if (s.p[*i] != '\\') {
		*byte = (uint8_t)s.p[(*i)++];
		return true;
	}
	(*i)++;
	if (*i >= s.n)
		return false;
	if (!ascii_isdigit((unsigned char)s.p[*i])) {
		*byte = (uint8_t)s.p[(*i)++];
		return ascii_isprint(*byte);
	}
	uint64_t value;
	if (s.n - *i < 3 || str_u64((struct str){ s.p + *i, 3 }, 255, &value) != ERR_OK)
		return false;
	*i += 3;
	*byte = (uint8_t)value;
	return true;
}

int dns_name_parse(struct str text, struct dns_name *name, struct parse_error *pe)
{
	struct dns_name r = { .n = 0 };
	size_t i = 0;
	if (text.n == 0)
		return err_parse(pe, want_name, 0);
	if (str_eq(text, STR("."))) {
		*name = (struct dns_name){ .n = 1 };
		return ERR_OK;
	}
	while (i < text.n) {
		size_t label = r.n++;            /* the place of the length byte */
		while (i < text.n && text.p[i] != '.') {
			size_t at = i;
			uint8_t byte;
			if (text.p[i] != '\\' &&
			    (!ascii_isprint((unsigned char)text.p[i]) || text.p[i] == ' '))
				return err_parse(pe, want_name, at);
			if (!text_byte(text, &i, &byte))
				return err_parse(pe, want_escape, at);
			if (r.n - label > DNS_LABEL_MAX)
				return err_parse(pe, want_label, at);
			/* The root's byte must fit too. */
			if (r.n >= DNS_NAME_MAX - 1)
				return err_parse(pe, "a domain name of at most 253 bytes", at);
			r.b[r.n++] = byte;
		}
		r.b[label] = (uint8_t)(r.n - label - 1);
		if (r.b[label] == 0)
			return err_parse(pe, want_label, i);
		i++;                             /* the dot, or past the end */
	}
	r.b[r.n++] = 0;
	*name = r;
	return ERR_OK;
}

static bool is_plain(uint8_t c)
{
	return ascii_isalnum(c) || (c != 0 && strchr("-_*+/=:@!#%&", c) != NULL);
}

char *dns_name_format(const struct dns_name *name, char dst[static DNS_NAME_TEXT_MAX])
{
	size_t n = 0;
	if (name->n == 1)
		dst[n++] = '.';
	for (size_t i = 0; name->b[i] != 0; i += name->b[i] + 1u) {
		if (i > 0)
			dst[n++] = '.';
		for (size_t j = 1; j <= name->b[i]; j++) {
			uint8_t c = name->b[i + j];
			if (is_plain(c))
				dst[n++] = (char)c;
			else
				n += (size_t)snprintf(dst + n, DNS_NAME_TEXT_MAX - n, "\\%03u", c);
		}
	}
	assert(n < DNS_NAME_TEXT_MAX);
	dst[n] = '\0';
	return dst;
}

static bool is_host_label(struct str label)
{
	if (label.n == 0 || label.n > DNS_LABEL_MAX || label.p[0] == '-' ||
	    label.p[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++)
		if (!ascii_isalnum((unsigned char)label.p[i]) && label.p[i] != '-')
			return false;
	return true;
}

bool dns_name_is_host(struct str text)
{
	unsigned labels = 0;
	bool digits = false;
	if (text.n > DNS_NAME_MAX - 2)
		return false;
	while (true) {
		size_t dot = str_find(text, '.');
		struct str label = { text.p, dot == SIZE_MAX ? text.n : dot };
		if (!is_host_label(label))
			return false;
		uint64_t value;
		digits = str_u64(label, UINT64_MAX, &value) != ERR_INVALID;
		labels++;
		if (dot == SIZE_MAX)
			return labels >= 2 && !digits;
		text = str_from(text, dot + 1);
	}
}

int dns_name_read(const uint8_t *message, size_t n, size_t *at, struct dns_name *name)
{
	size_t i = *at, limit = i;       /* pointers must lead to before the last start */
	size_t length = 0, behind = 0;
	while (true) {
		if (i >= n)
			return ERR_INVALID;
		uint8_t c = message[i];
		if (c >= 0xc0) {
			if (i + 1 >= n)
				return ERR_INVALID;
			size_t target = (size_t)(c & 0x3f) << 8 | message[i + 1];
			if (behind == 0)
				behind = i + 2;
			if (target >= limit)
				return ERR_INVALID;
			i = limit = target;
			continue;
		}
		if (c > DNS_LABEL_MAX || i + c >= n || length + c + 1 > DNS_NAME_MAX)
			return ERR_INVALID;
		if (name)
			memcpy(name->b + length, message + i, c + 1u);
		length += c + 1u;
		i += c + 1u;
		if (c == 0)
			break;
	}
	assert(length >= 1 && length <= DNS_NAME_MAX && i <= n);
	if (name)
		name->n = (uint8_t)length;
	*at = behind ? behind : i;
	return ERR_OK;
}

static bool eight_eq(const uint8_t *a, const uint8_t *b)
{
	uint64_t x = eight_load((const char *)a), y = eight_load((const char *)b);
	return x == y || eight_lower(x) == eight_lower(y);
}

/* Length bytes are at most 63, below 'A': folding them with the rest changes nothing. */
bool dns_name_bytes_eq(const uint8_t *a, const uint8_t *b, size_t n)
{
	size_t i = 0;
	assert(n >= 1 && n <= DNS_NAME_MAX);
	for (; i + 8 <= n; i += 8)
		if (!eight_eq(a + i, b + i))
			return false;
	if (i > 0)       /* Of the last eight some are looked at twice. */
		return i == n || eight_eq(a + n - 8, b + n - 8);
	for (; i < n; i++)
		if (ascii_lower((char)a[i]) != ascii_lower((char)b[i]))
			return false;
	return true;
}

bool dns_name_eq(const struct dns_name *a, const struct dns_name *b)
{
	assert(a->n >= 1 && b->n >= 1);
	return a->n == b->n && dns_name_bytes_eq(a->b, b->b, a->n);
}

bool dns_name_within(const struct dns_name *name, const struct dns_name *zone)
{
	assert(name->n >= 1 && zone->n >= 1);
	for (size_t i = 0; name->n - i >= zone->n; i += name->b[i] + 1u)
		if (name->n - i == zone->n)
			return dns_name_bytes_eq(name->b + i, zone->b, zone->n);
	return false;
}

unsigned dns_name_labels(const struct dns_name *name)
{
	unsigned labels = 0;
	for (size_t i = 0; name->b[i] != 0; i += name->b[i] + 1u)
		labels++;
	assert(labels <= DNS_LABELS_MAX);
	return labels;
}

int dns_name_join(const struct dns_name *first, const struct dns_name *second,
                  struct dns_name *out)
{
	if (first->n - 1 + second->n > DNS_NAME_MAX)
		return ERR_LIMIT;
	struct dns_name r = { .n = (uint8_t)(first->n - 1 + second->n) };
	memcpy(r.b, first->b, first->n - 1u);
	memcpy(r.b + first->n - 1, second->b, second->n);
	assert(r.n >= second->n && r.b[r.n - 1] == 0);
	*out = r;
	return ERR_OK;
}

int dns_name_reverse(const struct ip *address, const struct dns_name *suffix,
                     struct dns_name *out)
{
	struct dns_name r = { .n = 0 };
	assert(address->family == 4 || address->family == 6);
	for (unsigned i = ip_bits(address) / 8; i-- > 0;) {
		uint8_t byte = address->b[i];
		if (address->family == 4) {
			char text[4];
			uint8_t digits = (uint8_t)snprintf(text, sizeof(text), "%u", byte);
			r.b[r.n++] = digits;
			memcpy(r.b + r.n, text, digits);
			r.n = (uint8_t)(r.n + digits);
		} else {
			static const char hex[] = "0123456789abcdef";
			r.b[r.n++] = 1;
			r.b[r.n++] = (uint8_t)hex[byte & 15];
			r.b[r.n++] = 1;
			r.b[r.n++] = (uint8_t)hex[byte >> 4];
		}
	}
	r.b[r.n++] = 0;
	return dns_name_join(&r, suffix, out);
}
