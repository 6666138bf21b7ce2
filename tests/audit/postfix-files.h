/* SPDX-License-Identifier: ISC
 *
 * Configurations of Postfix as tests write them: main.cf, master.cf and other files as texts.
 */
#ifndef PORTREEVE_TESTS_AUDIT_POSTFIX_FILES_H
#define PORTREEVE_TESTS_AUDIT_POSTFIX_FILES_H

#include "audit/read-postfix.h"

#define SMTP "smtp inet n - y - - smtpd\n"
#define PLAIN "compatibility_level = 3.6\nmyhostname = mx.example.org\n"

struct told_file {
	const char *name, *text;
	int err;
};
struct told {
	struct told_file files[6];
};

static inline int told_read(void *arg, const char *name, struct arena *a, struct str *text)
{
	const struct told *t = arg;
	for (size_t i = 0; i < 6 && t->files[i].name; i++) {
		if (strcmp(t->files[i].name, name) != 0)
			continue;
		if (t->files[i].text)
			*text = arena_str(a, str_of(t->files[i].text));
		return t->files[i].err;
	}
	return ERR_NOT_FOUND;
}

/* A machine of 192.0.2.2/24, 172.18.0.1/16, fd00::2/64 and the loopback addresses. */
static inline struct postfix *told_postfix(struct told *t, struct arena *a)
{
	static struct postfix_interface at[5];
	static struct postfix_given given;
	static struct audit_files files;
	static const char *const ips[] = { "127.0.0.1", "192.0.2.2", "172.18.0.1", "::1",
	                                   "fd00::2" };
	static const uint8_t lens[] = { 8, 24, 16, 128, 64 };
	struct postfix *p;
	for (size_t i = 0; i < 5; i++) {
		ip_parse(str_of(ips[i]), &at[i].address, NULL);
		at[i].len = lens[i];
	}
	given = (struct postfix_given){ .interfaces = at, .interface_n = 5,
	                                .hostname = "mx.example.org", .version = "3.7.11" };
	files = (struct audit_files){ .read = told_read, .arg = t };
	postfix_read(&files, &given, a, &p);
	return p;
}

#endif
