/* SPDX-License-Identifier: ISC
 *
 * Every text up to a length, of the characters that routes are made of, as a recipient of a server
 * whose domains have a catch-all: a stranger gets mail to plain addresses there and to nothing
 * else, and what an account may send to goes to the domain behind the last "@". Usage:
 * every-address LENGTH
 *
 * The expectation is of the text alone and does not use the grammar.
 */
#include "two-domains.h"

#include <stdio.h>
#include <stdlib.h>

static const char alphabet[] = "ab.@%!:\"\\<>[](),";
enum { LETTERS = sizeof(alphabet) - 1, LENGTH_MAX = 8 };

static const struct gateway_client stranger = { .listener = GATEWAY_INBOUND },
	user = { .listener = GATEWAY_SUBMISSION, .tls = true, .account = GATEWAY_BY_LOGIN,
	         .name = { "a", 1 } };
static const struct gateway_address null_sender = { .kind = GATEWAY_ADDRESS_NULL };

static uint64_t texts, paths, taken, sent;

static int wrong(struct str text, const char *why)
{
	fprintf(stderr, "every-address: <%.*s>: %s\n", STR_ARG(text), why);
	return 1;
}

static enum gateway_known catch_all(void *arg, const struct gateway_address *address)
{
	(void)arg;
	(void)address;
	return GATEWAY_YES;
}

static const struct gateway_directory directory = {
	.has_domain = test_has_domain, .has_mailbox = catch_all, .owns = test_owns,
};

static enum gateway_answer answer(const struct gateway_client *client,
                                  const struct gateway_address *recipient)
{
	struct gateway_facts facts;
	gateway_facts_gather(client, &directory, &null_sender, recipient, &facts);
	return gateway_policy(&facts).answer;
}

/* Where a route could hide: anywhere but in a name behind the last "@". */
static bool goes_where_it_says(struct str text, const char *domain)
{
	size_t at = text.n;
	while (at > 0 && text.p[at - 1] != '@')
		at--;
	struct str behind = str_from(text, at);
	return at > 1 && text.p[0] != '@' && str_eq(behind, str_of(domain)) &&
	       strspn(domain, "ab.") == strlen(domain);
}

/* Letters and single dots between them, at one of two domains. */
static bool is_ours(struct str text)
{
	struct str at_domain = STR("@b.a");
	if (!str_casesuffix(text, at_domain))
		at_domain = STR("@a");
	if (!str_casesuffix(text, at_domain))
		return false;
	struct str local = { text.p, text.n - at_domain.n };
	bool letter = false;
	for (size_t i = 0; i < local.n; i++) {
		if (!ascii_isalpha((unsigned char)local.p[i]) && !(local.p[i] == '.' && letter))
			return false;
		letter = local.p[i] != '.';
	}
	return letter;
}

static int judge(struct str text, const struct gateway_address *recipient)
{
	bool mailbox = is_ours(text);
	enum gateway_answer to_stranger = answer(&stranger, recipient);
	if (to_stranger != (mailbox ? GATEWAY_ACCEPT_LOCAL : GATEWAY_REFUSE))
		return wrong(text, "a stranger's mail to it");
	taken += mailbox;
	enum gateway_answer to_user = answer(&user, recipient);
	if (to_user == GATEWAY_ACCEPT_LOCAL && !mailbox)
		return wrong(text, "a user's mail to it is taken for a mailbox");
	if (to_user == GATEWAY_ACCEPT_SUBMISSION && !goes_where_it_says(text, recipient->domain))
		return wrong(text, "a user's mail to it goes elsewhere");
	sent += to_user == GATEWAY_ACCEPT_SUBMISSION;
	return 0;
}

static int try_text(struct str bracketed)
{
	struct mail_path path;
	struct parse_error pe;
	size_t used;
	texts++;
	if (mail_path_parse(bracketed, MAIL_PATH_POSTMASTER_OK | MAIL_PATH_NULL_OK, &path, &used,
	                    &pe) != ERR_OK || used != bracketed.n)
		return 0;                    /* the engine answers 501 */
	struct gateway_address recipient;
	gateway_address_of(&path, &recipient);
	paths++;
	return judge((struct str){ bracketed.p + 1, bracketed.n - 2 }, &recipient);
}

/* All texts of that length, as an odometer counts. */
static int try_length(size_t n)
{
	uint8_t wheel[LENGTH_MAX] = { 0 };
	char text[LENGTH_MAX + 2];
	text[0] = '<';
	text[n + 1] = '>';
	memset(text + 1, alphabet[0], n);
	for (;;) {
		if (try_text((struct str){ text, n + 2 }))
			return 1;
		size_t i = n;
		while (i > 0 && ++wheel[i - 1] == LETTERS) {
			wheel[i - 1] = 0;
			text[i] = alphabet[0];
			i--;
		}
		if (i == 0)
			return 0;
		text[i] = alphabet[wheel[i - 1]];
	}
}

int main(int argc, char **argv)
{
	uint64_t max;
	if (argc != 2 || str_u64(str_of(argv[1]), LENGTH_MAX, &max) != ERR_OK) {
		fprintf(stderr, "usage: every-address LENGTH (at most %d)\n", LENGTH_MAX);
		return 64;
	}
	for (size_t n = 0; n <= max; n++)
		if (try_length(n))
			return 1;
	printf("%llu texts, %llu of them paths, %llu taken from strangers, %llu sent by a user\n",
	       (unsigned long long)texts, (unsigned long long)paths, (unsigned long long)taken,
	       (unsigned long long)sent);
	return max >= 3 && (taken == 0 || (max >= 5 && sent == 0));
}
