/* SPDX-License-Identifier: ISC
 *
 * Mail for people. Its delivery waits for the disk several times, so it is a job of the syncer,
 * which has all that it needs: the client, and even the collector, may be gone when it is over.
 */
#include "relaytest/collector-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "mail/received-write.h"
#include "mail/maildir.h"

#include <assert.h>
#include <openssl/sha.h>
#include <stdlib.h>

enum { ID_BYTES = 8 };

struct delivery {
	struct client *client;           /* who waits for it; NULL: has gone. The loop's alone */
	void (*kept)(struct client *cl, int err);
	struct ip peer;
	char *directory, *hostname;
	struct buf identity, text;
	int64_t time_s;
};

/* The people it is for, each once. */
static void add_people(const struct client *cl, const char *before, const char *after,
                       struct buf *out)
{
	static const char *const people[] = { "postmaster", "abuse" };
	for (size_t p = 0; p < sizeof(people) / sizeof(*people); p++)
		for (size_t i = 0; i < cl->n; i++) {
			const struct recipient *to = &cl->recipients[i];
			if (to->what != COLLECTOR_PERSON || strcmp(to->person, people[p]) != 0)
				continue;
			buf_printf(out, "%s%s%s", before, people[p], after);
			break;
		}
}

/* What a client sends again when it tries again. */
static void identify(const struct client *cl, struct buf *out)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)(cl->message.p ? cl->message.p : ""), cl->message.n, digest);
	buf_printf(out, "%s\n", cl->mail_from);
	add_people(cl, "", "\n", out);
	buf_add(out, (const char *)digest, sizeof(digest));
}

/* For the Received field: the same of what is sent again. */
static const char *id_of(const struct delivery *d, char id[static 2 * ID_BYTES + 1])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)d->identity.p, d->identity.n, digest);
	hex_encode(digest, ID_BYTES, id);
	return id;
}

static struct str without_brackets(struct str path)
{
	return path.n < 2 ? path : (struct str){ path.p + 1, path.n - 2 };
}

static void add_header(const struct client *cl, const struct delivery *d, struct buf *out)
{
	char id[2 * ID_BYTES + 1];
	/* Of several, none is told of the others. */
	struct str recipient = cl->n == 1 ? str_of(cl->recipients[0].path) : STR("");
	const struct received_written received = {
		.helo = str_of(cl->helo), .peer = cl->peer.ip, .by = d->hostname,
		.with = wire_server_state(cl->wire).protocol, .id = id_of(d, id),
		.recipient = without_brackets(recipient), .time_s = d->time_s,
	};
	buf_printf(out, "Return-Path: %s\r\n", cl->mail_from);
	add_people(cl, "Delivered-To: ", "\r\n", out);
	received_write(&received, out);
}

static struct delivery *delivery_create(struct client *cl)
{
	const struct collector *c = cl->collector;
	struct delivery *d = mem_zalloc(sizeof(*d));
	*d = (struct delivery){
		.client = cl, .peer = cl->peer.ip, .time_s = clock_now_s(),
		.directory = mem_strdup(c->mail_directory),
		.hostname = mem_strdup(c->setup.hostname),
	};
	identify(cl, &d->identity);
	add_header(cl, d, &d->text);
	buf_add_str(&d->text, buf_str(&cl->message));
	return d;
}

static void delivery_destroy(struct delivery *d)
{
	buf_fini(&d->text);
	buf_fini(&d->identity);
	free(d->directory);
	free(d->hostname);
	free(d);
}

/* In the syncer's thread. One job at a time, so two of the same identity find each other. */
static int delivery_work(void *arg)
{
	const struct delivery *d = arg;
	return maildir_deliver(d->directory, d->hostname, buf_str(&d->identity),
	                       buf_str(&d->text), d->time_s);
}

static void log_delivery(const struct ip *peer, int e)
{
	if (e == ERR_LIMIT)
		LOG(LOG_WARN, "mail-refused",
		    LOG_S("why", "the mailbox is full: read what is in it"));
	else
		LOG(e == ERR_OK ? LOG_INFO : LOG_ERROR, "mail-kept", LOG_IP("peer", peer),
		    LOG_S("result", err_text(e)));
}

static void delivery_done(void *arg, int err)
{
	struct delivery *d = arg;
	struct client *cl = d->client;
	log_delivery(&d->peer, err);
	if (cl) {
		assert(cl->delivery == d);
		cl->delivery = NULL;
		d->kept(cl, err);
	}
	delivery_destroy(d);
}

int collector_mail(struct client *cl, void (*kept)(struct client *cl, int err))
{
	assert(!cl->delivery);
	struct delivery *d = delivery_create(cl);
	int e = syncer_job(cl->collector->setup.syncer, delivery_work, delivery_done, d);
	if (e != ERR_OK) {
		LOG(LOG_WARN, "mail-refused",
		    LOG_S("why", "too many mails wait for the disk"));
		delivery_destroy(d);
		return e;
	}
	d->kept = kept;
	cl->delivery = d;
	return ERR_OK;
}

void collector_mail_forget(struct client *cl)
{
	if (cl->delivery)
		cl->delivery->client = NULL;
	cl->delivery = NULL;
}
