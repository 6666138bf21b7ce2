/* SPDX-License-Identifier: ISC
 *
 * The closed room as a program, for the tests in the lab: on a machine with a mail server it makes
 * the room, starts the server in it and asks it from the addresses that are given, or runs a
 * program inside. What it prints is a line for each answer: who asked, the reply to the control,
 * the reply to a stranger's recipient, what came of its claim.
 *
 *     closed-room [OPTION WORD]… ask MTA ADDRESS-OF-THE-SERVER CONTROL FROM…
 *                                          FROM: 192.0.2.1, and behind it any of
 *                                          /starttls /tls (port 465) /port:NUMBER
 *                                          /xclient:IP /proxy1:IP /proxy2:IP /port25
 *                                          /login:USER:PASSWORD /cert, or at the end /cert:FILE
 *     closed-room certificate FILE           what is made for /cert:FILE; FILE.authority signed it
 *     closed-room [OPTION WORD]… run PROGRAM WORD…
 *     closed-room [OPTION WORD]… stay PROGRAM WORD…      and then waits to be killed
 *
 *     -c CONFIGURATION     another one, in the server's own place (needs MTA)
 *     -i DIRECTORY         an instance of Postfix
 *     -t DIRECTORY         a tree more
 *     -k FILE              that stays there, whatever tree it is in
 *     -M MEGABYTES         memory of all programs
 *     -P NUMBER            of all processes
 *     -s PATH              a socket that stays reachable
 *     -m KIND=WHERE        a stand-in: milter, policy, filter or auth, at a path or [ADDRESS]:PORT
 */
#include "base/file.h"
#include "base/mem.h"
#include "closed/ask.h"
#include "closed/certificate.h"
#include "closed/server.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { INTERFACES_MAX = 32, ADDRESSES_MAX = 32, LIFE_MS = 60000, START_MS = 12000 };

static struct closed_interface interfaces[INTERFACES_MAX];
static struct closed_address addresses[INTERFACES_MAX][ADDRESSES_MAX];
static size_t interface_n;

enum { MORE_MAX = 8, TREES_MAX = 16 };

/* What the options say. */
static struct {
	const char *config, *instance, *trees[MORE_MAX], *sockets[MORE_MAX], *kept[MORE_MAX];
	struct closed_stand_in stand_ins[MORE_MAX];
	int64_t memory_bytes_max;
	unsigned tasks_max;
	size_t tree_n, socket_n, stand_in_n, kept_n;
} more;

static uint8_t bits_of(const struct sockaddr *mask)
{
	uint8_t bits = 0;
	struct endpoint e;
	struct sockaddr_storage copy = { 0 };
	memcpy(&copy, mask, mask->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
	                                                : sizeof(struct sockaddr_in));
	if (endpoint_from_sockaddr((struct sockaddr *)&copy, &e) != ERR_OK)
		return 0;
	for (size_t i = 0; i < sizeof(e.ip.b); i++)
		bits = (uint8_t)(bits + __builtin_popcount(e.ip.b[i]));
	return bits;
}

static size_t interface_of(const struct ifaddrs *f)
{
	for (size_t i = 0; i < interface_n; i++)
		if (strcmp(interfaces[i].name, f->ifa_name) == 0)
			return i;
	interfaces[interface_n] = (struct closed_interface){
		.name = mem_strdup(f->ifa_name), .loopback = f->ifa_flags & IFF_LOOPBACK,
		.addresses = addresses[interface_n],
	};
	return interface_n++;
}

static void look(void)
{
	struct ifaddrs *all;
	struct endpoint e;
	if (getifaddrs(&all) != 0)
		exit(2);
	for (const struct ifaddrs *f = all; f && interface_n < INTERFACES_MAX; f = f->ifa_next) {
		if (!f->ifa_addr || (f->ifa_addr->sa_family != AF_INET &&
		                     f->ifa_addr->sa_family != AF_INET6) ||
		    endpoint_from_sockaddr(f->ifa_addr, &e) != ERR_OK)
			continue;
		struct closed_interface *i = &interfaces[interface_of(f)];
		if (i->address_n < ADDRESSES_MAX)
			addresses[i - interfaces][i->address_n++] =
				(struct closed_address){ e.ip, bits_of(f->ifa_netmask) };
	}
	freeifaddrs(all);
}

static struct ip address(const char *text)
{
	struct ip ip;
	if (ip_parse(str_of(text), &ip, NULL) != ERR_OK)
		exit(2);
	return ip;
}

/* The server has its name, strangers' domains exist, and one of them has the server as its MX. */
static const struct closed_names *names_of(const char *host_name)
{
	static struct closed_name rows[8] = {
		{ .name = "b.example", .mx = "mx.b.example" },
		{ .name = "elsewhere.example", .mx = "mx.b.example" },
		{ .name = "mx.b.example", .address = { 4, { 203, 0, 113, 25 } } },
		{ .name = "ours.example" },
	};
	static struct closed_names names = { .askers = "asker.example", .names = rows, .name_n = 4 };
	rows[3].mx = host_name;
	for (size_t i = 0; i < interface_n; i++)
		for (size_t k = 0; k < interfaces[i].address_n && !interfaces[i].loopback; k++)
			if (names.name_n < sizeof(rows) / sizeof(rows[0]))
				rows[names.name_n++] = (struct closed_name){
					.name = host_name, .address = addresses[i][k].ip };
	return &names;
}

static size_t bind_of(const struct closed_server *server, struct closed_bind *bind)
{
	if (!more.config)
		return 0;
	int e = closed_server_bind(server, more.config, bind);
	if (e == ERR_OK)
		return bind->from ? 1 : 0;
	fprintf(stderr, "%s: %s\n", more.config, err_text(e));
	exit(2);
}

static struct closed_room *room_of(const struct closed_server *server)
{
	static char name[256];
	struct closed_room *room;
	struct buf message = { 0 };
	look();
	gethostname(name, sizeof(name) - 1);
	static const struct closed_server none;
	struct closed_tree trees[TREES_MAX];
	struct closed_bind bind;
	const size_t tree_n = closed_server_trees(server ? server : &none, more.trees, more.tree_n,
	                                          trees);
	const struct closed_setup setup = {
		.host_name = name, .interfaces = interfaces, .interface_n = interface_n,
		.trees = trees, .tree_n = tree_n, .binds = &bind,
		.bind_n = server ? bind_of(server, &bind) : 0,
		.kept = more.kept, .kept_n = more.kept_n,
		.sockets_in = more.sockets, .socket_in_n = more.socket_n,
		.stand_ins = more.stand_ins, .stand_in_n = more.stand_in_n,
		.memory_bytes_max = more.memory_bytes_max, .tasks_max = more.tasks_max,
		.names = names_of(name), .life_ms = LIFE_MS,
	};
	int e = closed_create(&setup, &room, &message);
	if (e != ERR_OK) {
		fprintf(stderr, "%s: %s\n", err_text(e), buf_cstr(&message));
		exit(2);
	}
	fwrite(message.p, 1, message.n, stderr);
	buf_fini(&message);
	return room;
}

static void show(const struct closed_session *s)
{
	char text[IP_TEXT_MAX];
	printf("%s %d %d %s %s %s\n", ip_format(&s->from, text), s->controlled.rcpt.code,
	       s->answers[0].rcpt.code, s->claim_refused ? "refused" : s->claim ? "taken" : "-",
	       s->answers[0].rcpt.enhanced, closed_end_text(s->end));
}

static const char *file_text(const char *path)
{
	struct buf text = { 0 };
	if (file_read(path, 1 << 16, &text) != ERR_OK)
		exit(2);
	return buf_release(&text);
}

static void how_claim(struct closed_session *s, enum closed_claim claim, const char *value)
{
	s->claim = claim;
	if (claim == CLOSED_CLAIM_LOGIN) {
		char *colon = strchr(value, ':');
		*colon = '\0';
		s->user = value;
		s->password = colon + 1;
	} else if (claim == CLOSED_CLAIM_CERTIFICATE && *value) {
		s->certificate = file_text(value);
	} else if (*value) {
		s->claimed = address(value);
	}
}

/* One of the words behind an address, with what stands behind its colon. */
static void how_take(struct closed_session *s, const char *word, const char *value)
{
	static const struct { const char *word; enum closed_claim claim; } claims[] = {
		{ "xclient", CLOSED_CLAIM_XCLIENT }, { "proxy1", CLOSED_CLAIM_PROXY1 },
		{ "proxy2", CLOSED_CLAIM_PROXY2 }, { "port25", CLOSED_CLAIM_PORT25 },
		{ "login", CLOSED_CLAIM_LOGIN }, { "cert", CLOSED_CLAIM_CERTIFICATE },
	};
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
		if (strcmp(word, claims[i].word) == 0) {
			how_claim(s, claims[i].claim, value);
			return;
		}
	if (strcmp(word, "starttls") == 0)
		s->tls = CLOSED_STARTTLS;
	else if (strcmp(word, "tls") == 0)
		s->tls = CLOSED_TLS_FIRST;
	else if (strcmp(word, "port") != 0)
		exit(2);
	if (s->tls == CLOSED_TLS_FIRST)
		s->to.port = 465;
	if (strcmp(word, "port") == 0)
		s->to.port = (uint16_t)strtoul(value, NULL, 10);
}

static void from_take(struct closed_session *s, char *text)
{
	char *how = strchr(text, '/');
	if (how)
		*how++ = '\0';
	s->from = address(text);
	while (how) {
		char *next = strchr(how, '/'), *colon = strchr(how, ':');
		/* A path is the last one. */
		if (strncmp(how, "cert:", 5) == 0)
			next = NULL;
		if (next)
			*next++ = '\0';
		if (colon && (!next || colon < next))
			*colon++ = '\0';
		else
			colon = NULL;
		how_take(s, how, colon ? colon : "");
		how = next;
	}
}

static int ask(int n, char **words)
{
	enum { ASKERS_MAX = 32 };
	static const struct closed_envelope foreign = { "<a@b.example>", "<x@elsewhere.example>" };
	static const struct closed_patience patience = { .command_ms = 10000, .session_ms = 20000,
	                                                 .all_ms = 30000 };
	static struct closed_session sessions[ASKERS_MAX];
	static struct closed_answer answers[ASKERS_MAX];
	struct closed_envelope control = { "<a@b.example>", words[2] };
	struct endpoint at = { address(words[1]), 25 };
	struct buf message = { 0 };
	bool greets;
	enum mta mta;
	if (mta_parse(str_of(words[0]), &mta) != ERR_OK || !closed_server_of(mta))
		return 2;
	const struct closed_server *server = closed_server_of(mta);
	struct closed_room *room = room_of(server);
	int e = closed_server_start(room, server, more.instance, NULL, &at, 1, START_MS, &greets,
	                            &message);
	size_t count = 0;
	for (int i = 3; e == ERR_OK && i < n && count < ASKERS_MAX; i++, count++) {
		sessions[count] = (struct closed_session){
			.to = at, .helo = "x.example", .control = &control, .envelopes = &foreign,
			.n = 1, .answers = &answers[count],
		};
		from_take(&sessions[count], words[i]);
	}
	if (e == ERR_OK)
		e = closed_ask(room, &patience, sessions, count);
	for (size_t i = 0; e == ERR_OK && i < count; i++)
		show(&sessions[i]);
	if (e != ERR_OK)
		fprintf(stderr, "%s: %s\n", err_text(e), buf_cstr(&message));
	closed_destroy(room);
	buf_fini(&message);
	return e == ERR_OK ? 0 : 2;
}

static int program(char **words, bool stay)
{
	struct buf out = { 0 };
	int status = 0;
	struct closed_room *room = room_of(NULL);
	int e = closed_run(room, (const char *const *)words, START_MS, &out, &status);
	fwrite(out.p, 1, out.n, stdout);
	fflush(stdout);
	buf_fini(&out);
	if (e != ERR_OK)
		fprintf(stderr, "%s\n", err_text(e));
	if (stay)
		pause();
	closed_destroy(room);
	return e == ERR_OK ? status : 2;
}

static int certificate(const char *file)
{
	struct buf authority = { 0 }, own = { 0 };
	char *signer = mem_printf("%s.authority", file);
	int e = closed_certificate_make("client.example", NULL, &authority, &own);
	if (e == ERR_OK)
		e = file_write(file, buf_str(&own), 0600);
	if (e == ERR_OK)
		e = file_write(signer, buf_str(&authority), 0644);
	free(signer);
	buf_fini(&authority);
	buf_fini(&own);
	return e == ERR_OK ? 0 : 2;
}

static void stand_in_take(const char *word)
{
	static const char *const kinds[] = { "milter", "policy", "filter", "auth" };
	const char *where = strchr(word, '=');
	if (!where || more.stand_in_n == MORE_MAX)
		exit(2);
	struct closed_stand_in *s = &more.stand_ins[more.stand_in_n++];
	while (s->kind < CLOSED_AUTH && strncmp(word, kinds[s->kind], 4) != 0)
		s->kind++;
	where++;
	if (where[0] == '/')
		s->path = where;
	else if (endpoint_parse(str_of(where), 0, &s->at, NULL) != ERR_OK)
		exit(2);
}

static void option_take(const char *option, const char *word)
{
	if (strcmp(option, "-c") == 0)
		more.config = word;
	else if (strcmp(option, "-i") == 0)
		more.instance = word;
	else if (strcmp(option, "-t") == 0 && more.tree_n < MORE_MAX)
		more.trees[more.tree_n++] = word;
	else if (strcmp(option, "-k") == 0 && more.kept_n < MORE_MAX)
		more.kept[more.kept_n++] = word;
	else if (strcmp(option, "-s") == 0 && more.socket_n < MORE_MAX)
		more.sockets[more.socket_n++] = word;
	else if (strcmp(option, "-P") == 0)
		more.tasks_max = (unsigned)strtoul(word, NULL, 10);
	else if (strcmp(option, "-M") == 0)
		more.memory_bytes_max = strtoll(word, NULL, 10) << 20;
	else if (strcmp(option, "-m") == 0)
		stand_in_take(word);
	else
		exit(2);
}

int main(int argc, char **argv)
{
	for (; argc > 3 && argv[1][0] == '-'; argc -= 2, argv += 2)
		option_take(argv[1], argv[2]);
	if (argc == 3 && strcmp(argv[1], "certificate") == 0)
		return certificate(argv[2]);
	if (argc > 5 && strcmp(argv[1], "ask") == 0)
		return ask(argc - 2, argv + 2);
	if (argc > 2 && (strcmp(argv[1], "run") == 0 || strcmp(argv[1], "stay") == 0))
		return program(argv + 2, argv[1][0] == 's');
	return 2;
}
