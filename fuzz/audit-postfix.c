/* SPDX-License-Identifier: ISC
 *
 * Postfix's configuration: no text may crash the reader or keep it, and what it says is whole.
 * The input holds main.cf, master.cf and one text for all other files, a NUL between them.
 */
#include "fuzz.h"

#include "audit/read-postfix.h"

#include <stdlib.h>
#include <string.h>

struct texts {
	struct str main, master, other;
};

static int text_read(void *arg, const char *name, struct arena *a, struct str *text)
{
	const struct texts *t = arg;
	if (strstr(name, "main.cf"))
		*text = arena_str(a, t->main);
	else if (strstr(name, "master.cf"))
		*text = arena_str(a, t->master);
	else if (strstr(name, "none"))
		return ERR_NOT_FOUND;
	else
		*text = arena_str(a, t->other);
	return ERR_OK;
}

static struct str part_off(struct str *rest)
{
	const size_t end = str_find(*rest, '\0');
	const struct str part = { rest->p, end == SIZE_MAX ? rest->n : end };
	*rest = str_from(*rest, end == SIZE_MAX ? rest->n : end + 1);
	return part;
}

static void check_place(const struct audit_place *place)
{
	if (!place->file || !place->text)
		abort();
}

static void check_reading(const struct audit_reading *r)
{
	for (size_t i = 0; i < r->setting_n; i++) {
		if (!r->settings[i].name || !r->settings[i].value || !r->settings[i].service)
			abort();
		check_place(&r->settings[i].place);
	}
	for (size_t i = 0; i < r->trust_n; i++) {
		if (!r->trusts[i].range.ip.family || !r->trusts[i].service || !r->trusts[i].name)
			abort();
		check_place(&r->trusts[i].place);
	}
	for (size_t i = 0; i < r->port_n; i++)
		if (!r->ports[i].port || !r->ports[i].service)
			abort();
	for (size_t i = 0; i < r->unread_n; i++)
		if (!r->unread[i].what || !r->unread[i].why)
			abort();
	if (r->open_to_all)
		check_place(&r->opened_by);
}

static void ask_all(struct postfix *p, const char *service)
{
	const struct postfix_client clients[] = {
		{ .address = ip_from_v4(127, 0, 0, 1) },
		{ .address = ip_from_v4(10, 1, 1, 1), .name = "host.example.net",
		  .any_name = true, .forges_sender = true, .forges_helo = true },
		{ .address = { .family = 6, .b = { 0x20, 1 } }, .logged_in = true,
		  .cert_listed = true, .sender = "", .recipient = "a@example.org" },
		{ .address = ip_from_v4(192, 0, 2, 2), .mx_here = true, .any_destination = true },
	};
	for (size_t i = 0; i < sizeof(clients) / sizeof(*clients); i++) {
		struct postfix_answer answer;
		postfix_judge(p, service, &clients[i], &answer);
		if (!answer.element || !answer.parameter || answer.say > POSTFIX_UNSURE)
			abort();
		check_place(&answer.place);
		check_place(&answer.list);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct postfix_interface interfaces[] = {
		{ ip_from_v4(127, 0, 0, 1), 8 }, { ip_from_v4(192, 0, 2, 2), 24 },
		{ { .family = 6, .b = { [15] = 1 } }, 128 },
	};
	const struct postfix_given given = { .interfaces = interfaces, .interface_n = 3,
	                                     .hostname = "mx.example.org" };
	struct str rest = { (const char *)data, size };
	struct texts texts = { .main = part_off(&rest) };
	const struct audit_files files = { .read = text_read, .arg = &texts };
	struct arena a = { 0 };
	struct postfix *p;
	if (size > 65536)
		return 0;
	texts.master = part_off(&rest);
	texts.other = part_off(&rest);
	if (postfix_read(&files, &given, &a, &p) != ERR_OK && texts.main.n < 1000)
		abort();
	const struct audit_reading *r = postfix_reading(p);
	check_reading(r);
	ask_all(p, "");
	for (size_t i = 0; i < r->port_n && i < 4; i++)
		ask_all(p, r->ports[i].service);
	arena_fini(&a);
	return 0;
}
