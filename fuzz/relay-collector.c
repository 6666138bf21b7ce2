/* SPDX-License-Identifier: ISC
 *
 * The collector as its clients see it: any bytes through the server engine and the policy over
 * recipients. Whatever comes, it takes mail for nobody but its own tokens, postmaster, abuse
 * and retest, at its own domains and addresses; and no message without such a recipient.
 */
#include "fuzz.h"

#include "relaytest/collector.h"
#include "smtp/server.h"

#include <assert.h>

static const char *const names[] = { "one.test", "two.example", "198.51.100.7" };

struct world {
	struct ip addresses[2];
	struct collector_domains domains;
	struct token_signer signer;
	struct endpoint target;
	struct token_set set;
};

struct fuzz {
	struct world *w;
	struct smtp_server *server;
	unsigned recipients;
	bool in_message, closed, tls_next;
};

/* Said again, in other words than the policy's. */
static bool is_home(const struct world *w, const struct mail_path *path)
{
	struct str domain = path->domain;
	struct ip ip;
	if (domain.n == 0)
		return str_caseeq(path->local, STR("postmaster"));
	if (domain.p[0] == '[')
		return mail_literal_parse(domain, &ip) == ERR_OK &&
		       (ip_eq(&ip, &w->addresses[0]) || ip_eq(&ip, &w->addresses[1]));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_caseeq(domain, str_of(names[i])))
			return true;
	return false;
}

static void rcpt(struct fuzz *f, const struct smtp_server_event *ev)
{
	struct world *w = f->w;
	struct collector_recipient r;
	collector_recipient(ev->path, &w->domains, &r);
	if (r.what == COLLECTOR_REFUSED) {
		assert(r.code >= 500 && r.code < 600 && *r.text);
		smtp_server_reply(f->server, r.code, r.enhanced, r.text);
		return;
	}
	assert(is_home(w, ev->path) && ev->path->route.n == 0);
	if (r.what == COLLECTOR_TOKEN) {
		if (!token_verify(&w->signer, &r.token, &w->target, NULL)) {
			smtp_server_reply(f->server, 550, "5.1.1", "No such mailbox");
			return;
		}
		/* Nobody can make one up. */
		assert(strcmp(r.token.text, w->set.recipient) == 0 ||
		       strcmp(r.token.text, w->set.sender) == 0);
		assert(ev->path->is_quoted ||
		       str_casesearch(ev->path->local, str_of(r.token.text)) != SIZE_MAX);
	}
	f->recipients++;
	assert(f->recipients <= 100);
	smtp_server_reply(f->server, 250, "2.1.5", "Ok");
}

static void answer(struct fuzz *f, const struct smtp_server_event *ev)
{
	assert(!f->closed);
	switch (ev->type) {
	case SMTP_SERVER_CONNECT:
		smtp_server_reply(f->server, 220, NULL, "");
		break;
	case SMTP_SERVER_HELO:
		smtp_server_reply(f->server, 250, NULL, "");
		break;
	case SMTP_SERVER_MAIL:
		f->recipients = 0;
		smtp_server_reply(f->server, 250, "2.1.0", "Ok");
		break;
	case SMTP_SERVER_RCPT:
		rcpt(f, ev);
		break;
	case SMTP_SERVER_DATA:
		assert(f->recipients > 0);
		smtp_server_reply(f->server, 354, NULL, "Go on");
		break;
	case SMTP_SERVER_TEXT:
		assert(f->recipients > 0);
		break;
	case SMTP_SERVER_MESSAGE:
		assert(f->recipients > 0);
		f->recipients = 0;
		smtp_server_reply(f->server, 250, "2.0.0", "Ok");
		break;
	case SMTP_SERVER_ABORT:
		f->recipients = 0;
		break;
	case SMTP_SERVER_SASL_END:
		break;
	case SMTP_SERVER_STARTTLS:
		f->tls_next = true;
		break;
	case SMTP_SERVER_AUTH:
	case SMTP_SERVER_SASL:
		smtp_server_reply(f->server, 535, "5.7.8", "No");
		break;
	case SMTP_SERVER_XCLIENT:
	case SMTP_SERVER_UNKNOWN:
		smtp_server_reply(f->server, 500, "5.5.1", "What?");
		break;
	case SMTP_SERVER_CLOSE:
		f->closed = true;
		break;
	}
}

static void pump(struct fuzz *f)
{
	struct smtp_server_event ev;
	while (smtp_server_next(f->server, &ev))
		answer(f, &ev);
	smtp_server_output_sent(f->server, smtp_server_output(f->server).n);
	if (f->tls_next && !f->closed) {
		f->tls_next = false;
		smtp_server_tls_started(f->server);
	}
}

static struct world *world(void)
{
	static struct world w;
	static struct token_keys keys = { .n = 1, .v = { { .id = 'k', .secret = "secret" } } };
	if (w.signer.n)
		return &w;
	w.addresses[0] = ip_from_v4(198, 51, 100, 7);
	ip_parse(STR("2001:db8::7"), &w.addresses[1], NULL);
	w.domains = (struct collector_domains){ .domain = "one.test", .domain2 = "two.example",
	                                        .addresses = w.addresses, .address_count = 2 };
	w.target = (struct endpoint){ ip_from_v4(192, 0, 2, 1), 25 };
	token_signer_init(&w.signer, &keys);
	token_make(&w.signer, "abcdefgh", 1, 0, &w.target, &w.set);
	return &w;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_server_options options = {
		.hostname = "collector.test", .offer_starttls = true, .offer_smtputf8 = true,
		.offer_dsn = true,
		.limits = { .message_bytes = 4096, .recipients = 100 },
	};
	struct fuzz f = { .w = world(), .server = smtp_server_create(&options) };
	struct str rest = { (const char *)data, size };
	pump(&f);
	/* In pieces, as a network brings them. */
	while (rest.n && !f.closed) {
		size_t n = 1 + (unsigned char)rest.p[0] % 97;
		n = n < rest.n ? n : rest.n;
		/* Every event is answered at once: the engine never asks us to wait. */
		bool taken = smtp_server_input(f.server, (struct str){ rest.p, n });
		assert(taken);
		rest = str_from(rest, n);
		pump(&f);
	}
	smtp_server_destroy(f.server);
	return 0;
}
