/* SPDX-License-Identifier: ISC
 *
 * A table of files, each with the function that writes it. What all of them share is read from the
 * configuration once: the zone without its last dot, and one or two return codes.
 */
#include "blocklist/snippets.h"

#include "base/ip.h"
#include "blocklist/zone.h"

#include <assert.h>

struct codes {
	struct str zone;
	struct ip proved, word;
	char proved_text[IP_TEXT_MAX], word_text[IP_TEXT_MAX];
	bool both;                           /* they differ */
};

static void read_codes(const struct dnsbl_config *config, struct codes *c)
{
	assert(config->code.n == 1 && config->code_word.n == 1);
	*c = (struct codes){ .zone = str_of(config->zone), .proved = config->code.v[0],
	                     .word = config->code_word.v[0] };
	assert(blocklist_code_valid(&c->proved) && blocklist_code_valid(&c->word));
	if (c->zone.n && c->zone.p[c->zone.n - 1] == '.')
		c->zone.n--;
	ip_format(&c->proved, c->proved_text);
	ip_format(&c->word, c->word_text);
	c->both = !ip_eq(&c->proved, &c->word);
}

static void explain(const struct codes *c, struct buf *out)
{
	if (c->both)
		buf_printf(out,
		           "# %s: proved to be an open relay; %s: listed by the operator's word.\n"
		           "# No other answer counts, least of all one that tells of an error.\n",
		           c->proved_text, c->word_text);
	else
		buf_printf(out,
		           "# %s: listed.\n"
		           "# No other answer counts, least of all one that tells of an error.\n",
		           c->proved_text);
}

/* ---- Postfix ------------------------------------------------------------------ */

/* `before` and `after` stand around each entry: "ZONE=127.0.0.[2;4]" where one pattern says both
 * codes, else one for each. */
static void add_patterns(const struct codes *c, const char *before, const char *after,
                         const char *between, struct buf *out)
{
	const uint8_t *a = c->proved.b, *b = c->word.b;
	buf_printf(out, "%s%.*s=", before, STR_ARG(c->zone));
	if (c->both && memcmp(a, b, 3) == 0) {
		unsigned low = a[3] < b[3] ? a[3] : b[3], high = a[3] < b[3] ? b[3] : a[3];
		buf_printf(out, "%u.%u.%u.[%u;%u]%s", a[0], a[1], a[2], low, high, after);
		return;
	}
	buf_printf(out, "%s%s", c->proved_text, after);
	if (c->both)
		buf_printf(out, "%s%s%.*s=%s%s", between, before, STR_ARG(c->zone), c->word_text,
		           after);
}

static void write_postfix(const struct codes *c, struct buf *out)
{
	explain(c, out);
	buf_add_cstr(out,
	             "# The refusal says the zone and its text. Keep what else you have here; the\n"
	             "# list comes after reject_unauth_destination.\n"
	             "smtpd_recipient_restrictions =\n"
	             "    permit_mynetworks,\n"
	             "    permit_sasl_authenticated,\n"
	             "    reject_unauth_destination,\n");
	add_patterns(c, "    reject_rbl_client ", "", ",\n", out);
	buf_add_byte(out, '\n');
}

static void write_postscreen(const struct codes *c, struct buf *out)
{
	explain(c, out);
	buf_add_cstr(out, "postscreen_dnsbl_sites =\n");
	add_patterns(c, "    ", "*1", ",\n", out);
	buf_add_cstr(out, "\npostscreen_dnsbl_threshold = 1\n"
	             "postscreen_dnsbl_action = enforce\n");
}

static void write_postscreen_master(const struct codes *c, struct buf *out)
{
	(void)c;
	buf_add_cstr(out,
	             "# In the place of the line \"smtp inet … smtpd\".\n"
	             "smtp      inet  n       -       n       -       1       postscreen\n"
	             "smtpd     pass  -       -       n       -       -       smtpd\n"
	             "dnsblog   unix  -       -       n       -       0       dnsblog\n"
	             "tlsproxy  unix  -       -       n       -       0       tlsproxy\n");
}

/* ---- others ------------------------------------------------------------------- */

static void write_exim(const struct codes *c, struct buf *out)
{
	explain(c, out);
	buf_add_cstr(out,
	             "# In the ACL of RCPT (acl_smtp_rcpt), before recipients are accepted.\n"
	             "  deny    !hosts         = +relay_from_hosts\n"
	             "          !authenticated = *\n");
	buf_printf(out, "          dnslists       = %.*s=%s%s%s\n", STR_ARG(c->zone),
	           c->proved_text, c->both ? "," : "", c->both ? c->word_text : "");
	buf_add_cstr(out, "          message        = $sender_host_address is blocked using "
	             "$dnslist_domain${if def:dnslist_text{; $dnslist_text}}\n");
}

static void add_assassin_rule(const char *name, const char *code, const char *words,
                              const char *score, struct buf *out)
{
	buf_printf(out, "\n  header   %s eval:check_rbl_sub('portreeve-lastexternal', '%s')\n"
	           "  describe %s %s\n"
	           "  tflags   %s net\n"
	           "  score    %s %s\n", name, code, name, words, name, name, score);
}

static void write_spamassassin(const struct codes *c, struct buf *out)
{
	explain(c, out);
	buf_printf(out,
	           "# The scores are a proposal: 5 is spam by SpamAssassin's own default.\n"
	           "ifplugin Mail::SpamAssassin::Plugin::DNSEval\n"
	           "  header   __PORTREEVE eval:check_rbl('portreeve-lastexternal', '%.*s.')\n"
	           "  tflags   __PORTREEVE net\n", STR_ARG(c->zone));
	add_assassin_rule("PORTREEVE_RELAY", c->proved_text,
	                  "Came by a proved open relay", "4.0", out);
	if (c->both)
		add_assassin_rule("PORTREEVE_WORD", c->word_text,
		                  "Came by a host listed by its operator's word", "2.0", out);
	buf_add_cstr(out, "endif\n");
}

static void write_rspamd(const struct codes *c, struct buf *out)
{
	explain(c, out);
	buf_printf(out,
	           "rbls {\n"
	           "  portreeve {\n"
	           "    symbol = \"PORTREEVE\";\n"
	           "    rbl = \"%.*s\";\n"
	           "    checks = [\"from\"];\n"
	           "    ipv4 = true;\n"
	           "    ipv6 = true;\n"
	           "    unknown = false;\n"
	           "    returncodes {\n"
	           "      PORTREEVE_RELAY = \"%s\";\n", STR_ARG(c->zone), c->proved_text);
	if (c->both)
		buf_printf(out, "      PORTREEVE_WORD = \"%s\";\n", c->word_text);
	buf_add_cstr(out, "    }\n  }\n}\n");
}

static void write_rspamd_scores(const struct codes *c, struct buf *out)
{
	buf_add_cstr(out,
	             "# The scores are a proposal: 15 is refused by rspamd's own default.\n"
	             "symbols = {\n"
	             "  \"PORTREEVE_RELAY\" {\n"
	             "    weight = 7.0;\n"
	             "    description = \"Came by a proved open relay\";\n"
	             "  }\n");
	if (c->both)
		buf_add_cstr(out,
		             "  \"PORTREEVE_WORD\" {\n"
		             "    weight = 3.0;\n"
		             "    description = \"Came by a host listed by its operator's word\";\n"
		             "  }\n");
	buf_add_cstr(out, "}\n");
}

/* ---- the table ------------------------------------------------------------------ */

static const struct snippet {
	const char *server, *file;
	void (*write)(const struct codes *c, struct buf *out);
} snippets[] = {
	{ "postfix", "/etc/postfix/main.cf", write_postfix },
	{ "postscreen", "/etc/postfix/main.cf", write_postscreen },
	{ "postscreen", "/etc/postfix/master.cf", write_postscreen_master },
	{ "exim", "/etc/exim4/exim4.conf", write_exim },
	{ "spamassassin", "/etc/spamassassin/portreeve.cf", write_spamassassin },
	{ "rspamd", "/etc/rspamd/local.d/rbl.conf", write_rspamd },
	{ "rspamd", "/etc/rspamd/local.d/rbl_group.conf", write_rspamd_scores },
};
enum { SNIPPETS = sizeof(snippets) / sizeof(*snippets) };

int blocklist_snippets(const struct dnsbl_config *config, struct str server,
                       blocklist_snippet_cb *cb, void *arg)
{
	struct codes codes;
	struct buf text = { 0 };
	size_t found = 0;
	read_codes(config, &codes);
	for (size_t i = 0; i < SNIPPETS; i++) {
		if (!str_caseeq(server, str_of(snippets[i].server)))
			continue;
		buf_clear(&text);
		snippets[i].write(&codes, &text);
		assert(text.n > 0 && text.p[text.n - 1] == '\n');
		cb(arg, snippets[i].file, buf_str(&text));
		found++;
	}
	buf_fini(&text);
	return found ? ERR_OK : ERR_NOT_FOUND;
}

const char *blocklist_snippet_server(size_t i)
{
	for (size_t k = 0; k < SNIPPETS; k++) {
		bool again = k > 0 && strcmp(snippets[k].server, snippets[k - 1].server) == 0;
		if (!again && i-- == 0)
			return snippets[k].server;
	}
	return NULL;
}
