/* SPDX-License-Identifier: ISC
 *
 * An audit, step by step: the network, the server and its configuration, who asks, what the server
 * answers in the closed room, the judgement.
 */
#include "cli/audit-run.h"

#include "audit/authorities.h"
#include "audit/certificates.h"
#include "audit/installed.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/audit-daemon.h"
#include "cli/audit-read.h"
#include "cli/progress.h"
#include "closed/run.h"

#include <stdlib.h>
#include <unistd.h>

enum { START_MS = 10000, ASK_MS = 35000, ARRIVALS_MAX = 256, DIRECTORIES = 2 };

/* Domains that nobody has; some servers refuse those below .invalid. */
#define FOREIGN "recipient.example"
#define OTHER "sender.example"
#define MX_HERE "customer.example"

struct auditing {
	struct cli *cli;
	const struct audit_options *options;
	struct audit_options own;        /* where the server runs by another configuration */
	struct arena *a;
	struct facts facts, around;      /* of its network; of the machine around it */
	struct audit_source source;
	const char *running[AUDIT_RUNNING_MAX];  /* as it runs here, facts_listener.started */
	size_t running_n;
	const struct closed_server *server;
	const char *version, *machine;
	const char *aside;               /* how it was asked without a room; NULL: in one */
	struct audit_config *config;
	struct audit_arrival *arrivals;
	size_t arrival_n;
	struct audit_ground ground;
	struct audit_plan plan;
	struct audit_known known;
	struct buf message;
	struct progress progress;
};

/* Where the only ones that run have another configuration than the usual one, it is the first of
 * these: what lies in the usual place may be nobody's. */
static void find_running(struct auditing *w)
{
	bool usual = false;
	if (w->options->config || w->options->root)
		return;
	w->running_n = audit_daemon_running(&w->facts, w->server->mta, w->running,
	                                    AUDIT_RUNNING_MAX);
	for (size_t i = 0; i < w->running_n; i++)
		usual |= !w->running[i][0];
	if (w->server->mta != MTA_POSTFIX || usual || !w->running_n)
		return;
	w->own = *w->options;
	w->own.config = w->running[0];
	w->own.is_instance = true;
	w->options = &w->own;
}

static const char *container_words(const struct auditing *w)
{
	const struct audit_inside *in = w->options->inside;
	return arena_printf(w->a, "%s, process %u", in->is.name, in->is.pid);
}

/* ---- configuration -------------------------------------------------------------------------- */

static int read_configuration(struct auditing *w)
{
	const struct audit_inside *in = w->options->inside;
	w->source = (struct audit_source){
		.root = in ? in->root : w->options->root ? w->options->root : "",
		.runs = in || !w->options->root, .where = in ? container_words(w) : NULL,
		.config = w->options->config,
		.in_place = w->options->is_instance, .started = w->options->started,
		.host_name = w->machine,
		.version = w->version,
	};
	return audit_source_read(w->cli, &w->source, w->server->mta, &w->facts, &w->config);
}

/* ---- who asks -------------------------------------------------------------------- */

static bool arrived_before(const struct auditing *w, const struct audit_arrival *a)
{
	for (size_t i = 0; i < w->arrival_n; i++) {
		const struct audit_arrival *b = &w->arrivals[i];
		if (a->family == b->family && a->port == b->port && a->way == b->way &&
		    ip_eq(&a->as, &b->as))
			return true;
	}
	return false;
}

/* inward: of a container, by what its own rules do; there others than by rules come from what the
 * machine around it does, which knows better. */
static void add_arrivals(struct auditing *w, struct facts *f, const struct endpoint *at,
                         bool inward)
{
	struct audit_arrival *found = NULL;
	size_t n = 0;
	if (audit_arrivals(f, at, &found, &n) != ERR_OK)
		audit_plan_cut(&w->plan, "all ways by which strangers arrive",
		               "the rules of the firewall go in circles, or too far");
	for (size_t k = 0; k < n; k++) {
		if (arrived_before(w, &found[k]) ||
		    (inward && (!found[k].certain || found[k].way == AUDIT_DIRECT)))
			continue;
		if (w->arrival_n == ARRIVALS_MAX) {
			audit_plan_cut(&w->plan, "all ways by which strangers arrive",
			               "they are too many");
			return;
		}
		w->arrivals[w->arrival_n++] = found[k];
	}
}

/* To a container strangers come by what this machine makes of them, at each address that it has. */
static void add_arrivals_inside(struct auditing *w, const struct endpoint *at)
{
	const struct facts *f = &w->facts;
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t k = 0; k < f->interfaces[i].address_n; k++) {
			const struct endpoint one = { f->interfaces[i].addresses[k].ip, at->port };
			bool fits = at->ip.family == 0 || ip_is_unspecified(&at->ip) ||
			            ip_eq(&at->ip, &one.ip);
			if (fits && f->interfaces[i].kind != FACTS_LOOPBACK)
				add_arrivals(w, &w->around, &one, false);
		}
	add_arrivals(w, &w->facts, at, true);
}

/* By which addresses strangers arrive, at each port that the server has. */
static void find_arrivals(struct auditing *w)
{
	const struct audit_reading *r = audit_config_reading(w->config);
	const struct audit_inside *in = w->options->inside;
	w->arrivals = arena_alloc(w->a, ARRIVALS_MAX * sizeof(*w->arrivals));
	for (size_t i = 0; i < r->port_n && i < AUDIT_PORTS_MAX; i++) {
		const struct endpoint at = { r->ports[i].address, r->ports[i].port };
		if (in && !in->is.own_network)
			add_arrivals_inside(w, &at);
		else
			add_arrivals(w, &w->facts, &at, false);
	}
}

#define ALL_ASKERS "all networks and trusted ranges"

static bool is_asked_for(const struct auditing *w, const struct prefix *network)
{
	for (size_t i = 0; i < w->ground.asker_n; i++)
		if (prefix_cmp(&w->ground.askers[i].network, network) == 0)
			return true;
	return false;
}

/* Whether the configuration, as it is read, trusts somebody for whom nobody asks. */
static bool may_be_permitted(struct auditing *w)
{
	const struct audit_reading *r = audit_config_reading(w->config);
	if (r->trust_n > AUDIT_RANGES_MAX)
		return true;
	for (size_t i = 0; i < w->facts.interface_n; i++)
		for (size_t k = 0; k < w->facts.interfaces[i].address_n; k++) {
			const struct facts_address *at = &w->facts.interfaces[i].addresses[k];
			const struct prefix network = prefix_of(&at->ip, at->len);
			struct audit_client client = { .ip = at->ip };
			struct audit_why why = { 0 };
			if (at->len == ip_bits(&at->ip) || is_asked_for(w, &network) ||
			    audit_is_link_local(&at->ip) || ip_is_loopback(&at->ip))
				continue;
			ip_next(&client.ip);
			audit_config_explain(w->config, &client, &why);
			if (why.answer != AUDIT_NO)
				return true;
		}
	return false;
}

static void find_askers(struct auditing *w)
{
	enum { BELIEVED_MAX = 64 };
	const struct audit_reading *r = audit_config_reading(w->config);
	struct prefix *trusted = arena_alloc(w->a, (r->trust_n + BELIEVED_MAX) * sizeof(*trusted));
	struct ip *seen = arena_alloc(w->a, (w->arrival_n + 1) * sizeof(*seen));
	struct audit_asked asked = { .trusted = trusted, .trusted_n = r->trust_n, .seen = seen,
	                             .partial = r->cut };
	struct audit_asker *askers;
	for (size_t i = 0; i < r->trust_n; i++) {
		trusted[i] = r->trusts[i].range;
		if (audit_is_link_local(&trusted[i].ip) && trusted[i].len < 128)
			audit_plan_leave_out(&w->plan, "neighbours by fe80::/10",
			                     "the configuration trusts some, and an asker of "
			                     "such an address is not there yet");
	}
	asked.trusted_n += audit_config_believed(w->config, "", w->a, trusted + r->trust_n,
	                                         BELIEVED_MAX);
	for (size_t i = 0; i < w->arrival_n; i++)
		if (w->arrivals[i].way != AUDIT_DIRECT && w->arrivals[i].as.family)
			seen[asked.seen_n++] = w->arrivals[i].as;
	bool all = audit_kinds(&w->facts, &asked, &askers, &w->ground.asker_n) == ERR_OK;
	w->ground.askers = askers;
	if (!all && may_be_permitted(w))
		audit_plan_cut(&w->plan, ALL_ASKERS, "there are more than are asked for");
	else if (!all)
		audit_plan_leave_out(&w->plan, ALL_ASKERS, "there are more than are asked for, "
		                     "and the configuration trusts none of the others");
}

static void lay_ground(struct auditing *w)
{
	const struct audit_inside *in = w->options->inside;
	const char *user = in ? in->user : audit_find_user(w->a);
	w->ground = (struct audit_ground){
		.facts = &w->facts, .config = w->config, .user = user,
		.machine_name = w->machine, .controls = w->server->controls,
		.foreign = FOREIGN, .other = OTHER, .mx_here = MX_HERE,
	};
	audit_find_names(w->a, w->config, w->machine, in ? in->whole : NULL, &w->ground.host_name,
	                 &w->ground.domain);
	w->plan.arena = w->a;
	find_arrivals(w);
	find_askers(w);
	/* What is left out already stays so. */
	const struct audit_plan before = w->plan;
	audit_plan_init(&w->plan, &w->ground, w->a);
	w->plan.left_out = before.left_out;
	w->plan.left_out_n = before.left_out_n;
	w->plan.cut = before.cut;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void tell_progress(void *arg, size_t done, size_t all)
{
	struct auditing *w = arg;
	w->progress.total = all;
	progress_update(&w->progress, done, NULL, clock_mono_ms());
}

/* What an instance of Postfix has of its own. */
static size_t find_directories(struct auditing *w, const char **directories)
{
	static const char *const names[DIRECTORIES] = { "queue_directory", "data_directory" };
	size_t n = 0;
	for (size_t i = 0; i < DIRECTORIES; i++) {
		const struct audit_setting *s = audit_config_setting(w->config, "", names[i]);
		if (s && s->value[0] == '/')
			directories[n++] = s->value;
	}
	return n;
}

static void ask(struct auditing *w)
{
	const char *directories[DIRECTORIES], *trusted[AUDIT_AUTHORITIES_MAX + 1];
	const struct audit_inside *in = w->options->inside;
	const struct cli_values *sockets = in ? NULL : w->options->sockets;
	const size_t directory_n = find_directories(w, directories);
	size_t trusted_n = audit_authorities(w->config, w->a, trusted);
	/* The same from within its chroot. */
	if (directory_n)
		trusted[trusted_n++] = arena_printf(w->a, "%s/etc/ssl/certs", directories[0]);
	const struct closed_run_setup setup = {
		.server = w->server, .inside = in ? &in->spaces : NULL,
		.config = w->options->config,
		.is_instance = w->options->is_instance, .options = w->source.daemon.words,
		.directories = directories,
		.trusted = trusted, .trusted_n = trusted_n,
		.directory_n = directory_n,
		.sockets_in = sockets ? sockets->v : NULL, .socket_in_n = sockets ? sockets->n : 0,
		.start_ms = START_MS, .all_ms = ASK_MS, .progress = tell_progress, .arg = w,
		.aside = &w->aside, .in_container = w->options->in_container,
	};
	if (w->options->reading || w->options->root || !closed_server_program(w->server)) {
		w->known.by_reading = true;
		w->known.not_started = w->options->reading || w->options->root
			? "only the configuration was read" : "the server is not installed here";
		return;
	}
	progress_init(&w->progress, "asking", 0, clock_mono_ms());
	int e = closed_audit(&setup, &w->plan, &w->message);
	progress_wipe(&w->progress);
	w->known.started = e == ERR_OK;
	w->known.by_reading = e == ERR_DENIED || e == ERR_UNSUPPORTED;
	if (e != ERR_OK)
		w->known.not_started = arena_printf(w->a, "%s%s%s",
			e == ERR_CLOSED ? "a second server does not start: " :
			e == ERR_TIMEOUT ? "a second server does not answer: " : "",
			w->message.n ? buf_cstr(&w->message) : err_text(e), "");
}

/* TLS that was offered and could not be had, as a file is named that is not there: on the machine
 * neither, so it is not the room that takes it away. */
static void find_tls_gone(struct auditing *w, const struct audit_port *port)
{
	struct audit_certificate needed[AUDIT_CERTIFICATES_MAX];
	struct audit_plan *plan = &w->plan;
	const size_t n = audit_certificates_needed(w->config, port, w->a, needed);
	for (size_t i = 0; i < n; i++) {
		const char *name = carried_files_name(&w->source.carried, needed[i].path, w->a);
		if (plan->tls_gone_n == AUDIT_PORTS_MAX ||
		    !disk_files_missing(&w->source.disk, name))
			continue;
		plan->tls_gone[plan->tls_gone_n++] = (struct audit_tls_gone){ port,
			arena_printf(w->a, "%s of port %u names %s, which is not there.",
			             needed[i].setting->name, port->port, needed[i].path),
			needed[i].setting };
		return;
	}
}

static void find_all_tls_gone(struct auditing *w)
{
	const struct audit_reading *r = audit_config_reading(w->config);
	for (size_t i = 0; w->known.started && i < r->port_n && i < AUDIT_PORTS_MAX; i++)
		find_tls_gone(w, &r->ports[i]);
}

/* ---- all of it ------------------------------------------------------------------- */

/* What runs may be of another day than the file that was asked about. */
static void find_changes(struct auditing *w)
{
	const struct audit_reading *r = audit_config_reading(w->config);
	const unsigned process = w->options->inside ? 0 : w->source.daemon.process;
	for (size_t i = 0; i < r->port_n && process; i++) {
		const char *file = r->ports[i].place.file;
		if (file[0] == '/' && audit_daemon_is_older(process, w->server->mta, file))
			audit_plan_leave_out(&w->plan,
				arena_printf(w->a, "what runs now (process %u)", process),
				arena_printf(w->a, "it was started before %s was changed, and goes "
				             "on by what that said then: restart it", file));
	}
}

static void gather_unasked(struct auditing *w, const char *others)
{
	const struct audit_reading *r = audit_config_reading(w->config);
	find_changes(w);
	if (others[0])
		audit_plan_leave_out(&w->plan, others, "it is installed, too; --mta names it");
	for (size_t i = 0; i < r->unread_n; i++)
		audit_plan_leave_out(&w->plan, r->unread[i].what, r->unread[i].why);
	for (size_t i = 0; i < w->source.disk.late_n; i++)
		audit_plan_leave_out(&w->plan, w->source.disk.late[i], err_text(ERR_TIMEOUT));
	if (w->options->root)
		audit_plan_leave_out(&w->plan, "the network of the image",
		                     "it has none until it runs");
	for (size_t i = 0; i < w->facts.unread_n; i++)
		audit_plan_leave_out(&w->plan, w->facts.unread[i].what, w->facts.unread[i].why);
}

static const char *how_words(const struct auditing *w)
{
	if (!w->known.started)
		return w->message.n ? arena_printf(w->a, "only the configuration was read: %s",
		                                   w->known.not_started)
		                    : "only the configuration was read";
	if (w->aside)
		return arena_printf(w->a, "the server was asked %s: no closed room can be made "
		                    "here", w->aside);
	return arena_printf(w->a, "a second server with this configuration was asked in a closed "
	                    "room%s", w->options->inside ? ", of the container's files" : "");
}

/* Which of all it is: people know it by its name, and by the port that leads to it. */
static void name_container(struct auditing *w, struct audit_report *r)
{
	const struct audit_inside *in = w->options->inside;
	/* Without the number, so that it is the same one the next time. */
	r->host_name = arena_printf(w->a, "%s (%s)", r->host_name, in->is.name);
	r->how = arena_printf(w->a, "%s; it is behind %s", r->how, in->behind);
	r->summary = arena_printf(w->a, "%s; in %s, behind %s", r->summary, r->container,
	                          in->behind);
}

static void judge(struct auditing *w, struct audit_report *report)
{
	w->known.ground = &w->ground;
	w->known.questions = w->plan.questions;
	w->known.question_n = w->plan.n;
	w->known.arrivals = w->arrivals;
	w->known.arrival_n = w->arrival_n;
	w->known.unasked = w->plan.left_out;
	w->known.clients_left = w->plan.clients_left;
	w->known.forms_left = w->plan.forms_left;
	w->known.unasked_n = w->plan.left_out_n;
	w->known.says = w->plan.says;
	w->known.says_tls = w->plan.says_tls;
	w->known.tls_gone = w->plan.tls_gone;
	w->known.tls_gone_n = w->plan.tls_gone_n;
	*report = (struct audit_report){
		.arena = w->a, .mta = w->server->mta, .version = w->version ? w->version : "",
		.host_name = w->ground.host_name, .time_s = clock_now_s(), .how = how_words(w),
		.container = w->options->inside ? container_words(w) : NULL,
		.root = w->options->root,
	};
	audit_judge(&w->known, report);
	audit_findings(&w->known, report);
	if (w->options->inside)
		name_container(w, report);
}

/* One that runs, and that the audited one does not name. */
static void instance_add(const struct auditing *w, struct audit_done *done, const char *directory)
{
	if (!directory[0])
		directory = w->server->config;
	bool said = strcmp(directory, w->options->config ? w->options->config
	                                                 : w->server->config) == 0;
	for (size_t i = 0; i < done->directory_n; i++)
		said |= strcmp(done->directories[i], directory) == 0;
	if (said)
		return;
	if (done->directory_n < AUDIT_INSTANCES_MAX)
		done->directories[done->directory_n++] = directory;
	else if (!done->left++)
		done->first_left = directory;
}

/* Directories of the other instances of Postfix. */
static void find_instances(struct auditing *w, struct audit_done *done)
{
	const struct audit_setting *s = audit_config_setting(w->config, "",
	                                                     "multi_instance_directories");
	struct str value = str_of(s && w->server->mta == MTA_POSTFIX ? s->value : "");
	size_t n = audit_instance_directories(value, w->a, done->directories, AUDIT_INSTANCES_MAX,
	                                      &done->first_left);
	done->directory_n = n < AUDIT_INSTANCES_MAX ? n : AUDIT_INSTANCES_MAX;
	done->left = n - done->directory_n;
	for (size_t i = 0; i < w->running_n && w->server->mta == MTA_POSTFIX; i++)
		instance_add(w, done, w->running[i]);
}

/* Those of the other servers that run by other options than the one that was asked. */
static void find_others(struct auditing *w, struct audit_done *done)
{
	for (size_t i = 0; i < w->running_n && w->server->mta != MTA_POSTFIX; i++)
		if (strcmp(w->running[i], done->started) != 0)
			done->others[done->other_n++] = w->running[i];
}

/* What was asked is not known to be what runs, or what the system would start. */
static void doubt_options(const struct auditing *w, struct audit_done *done)
{
	if (w->source.daemon.unknown && !(w->options->config && !w->options->is_instance))
		audit_report_doubt(&done->report, "the server as it is started",
		                   w->source.daemon.unknown);
}

/* What is behind a limit may be a relay. */
static void doubt_limits(const struct auditing *w, struct audit_done *done)
{
	const struct audit_unread *cut = w->plan.cut;
	if (cut)
		audit_report_doubt(&done->report, cut->what, cut->why);
	if (audit_config_reading(w->config)->cut)
		audit_report_doubt(&done->report, "the rest of the configuration",
		                   "it says more than is taken");
	if (w->facts.cut || w->around.cut)
		audit_report_doubt(&done->report, "the rest of the network",
		                   "it has more than is taken, or a tool took too long");
}

static void add_asked(struct audit_done *done, const struct endpoint *at, enum mta mta,
                      unsigned pid)
{
	if (done->asked_n < AUDIT_ASKED_MAX)
		done->asked[done->asked_n++] = (struct audit_asked_at){ *at, mta, pid,
		                                                        done->started };
}

/* In a network of its own each address is told from those of this machine. */
static void find_asked(struct auditing *w, struct audit_done *done)
{
	const struct audit_reading *r = audit_config_reading(w->config);
	const struct audit_inside *in = w->options->inside;
	const struct facts *f = &w->facts;
	done->asked = arena_alloc(w->a, AUDIT_ASKED_MAX * sizeof(*done->asked));
	for (size_t p = 0; p < r->port_n && p < AUDIT_PORTS_MAX; p++) {
		const struct endpoint at = { r->ports[p].address, r->ports[p].port };
		bool all = at.ip.family == 0 || ip_is_unspecified(&at.ip);
		if (!in || in->is.own_network || !all) {
			add_asked(done, &at, w->server->mta, in ? in->is.pid : 0);
			continue;
		}
		for (size_t i = 0; i < f->interface_n; i++)
			for (size_t k = 0; k < f->interfaces[i].address_n; k++) {
				struct endpoint one = { f->interfaces[i].addresses[k].ip, at.port };
				add_asked(done, &one, w->server->mta, in->is.pid);
			}
	}
}

static void look(struct auditing *w, const struct facts *machine)
{
	if (machine)
		w->around = *machine;
	if (w->options->inside)
		w->facts = w->options->inside->facts;
	else if (machine)
		w->facts = *machine;
	else                            /* an image has no network */
		facts_begin(&w->facts, w->a);
	w->facts.work = w->around.work = 0;
}

/* Which server it is, and its machine. CLI_GO or an exit code, told. */
static int find_server(struct auditing *w, const char **others)
{
	const struct audit_options *o = w->options;
	const char *root = o->root ? o->root : "";
	if (o->inside) {
		w->server = &o->inside->server;
		w->machine = o->inside->machine;
		w->version = o->inside->version;
		return CLI_GO;
	}
	int code = root[0] ? audit_find_in_image(w->cli, root, o->mta, &w->server, others)
	                   : audit_find_server(w->cli, &w->facts, o->mta, &w->server, others);
	if (code == CLI_GO) {
		w->machine = root[0] ? "localhost" : audit_find_machine(w->a);
		w->version = audit_find_version(w->a, root, w->server->mta);
	}
	return code;
}

int audit_run_one(struct cli *cli, const struct audit_options *options,
                  const struct facts *machine, struct audit_done *done)
{
	struct auditing *w = mem_zalloc(sizeof(*w));
	const char *others = "";
	struct daemon_options asked;
	*w = (struct auditing){ .cli = cli, .options = options, .a = &cli->arena,
	                        .known.not_started = "" };
	*done = (struct audit_done){ 0 };
	look(w, machine);
	int code = find_server(w, &others);
	if (code == CLI_GO) {
		find_running(w);
		code = read_configuration(w);
	}
	if (code == CLI_GO) {
		lay_ground(w);
		ask(w);
		find_all_tls_gone(w);
		gather_unasked(w, others);
		judge(w, &done->report);
		asked = w->source.daemon;
		if (w->server->mta == MTA_POSTFIX)
			asked.config = w->options->config;
		done->started = daemon_text(w->server->mta, &asked, w->a);
		doubt_options(w, done);
		doubt_limits(w, done);
		find_instances(w, done);
		find_others(w, done);
		find_asked(w, done);
	}
	buf_fini(&w->message);
	audit_source_fini(&w->source);
	free(w);
	return code;
}
