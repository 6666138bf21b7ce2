/* SPDX-License-Identifier: ISC
 *
 * The section "gateway" of the configuration. Entries of lists that have parts of their own
 * (transports, blocklists, …) are texts here; whoever uses them reads them, and their check is
 * called by gateway_config_check().
 */
#ifndef PORTREEVE_GATEWAY_CONFIG_H
#define PORTREEVE_GATEWAY_CONFIG_H

#include "base/config.h"

struct gateway_config {
	/* ---- who listens ---- */
	struct config_endpoints listen;          /* port 25 */
	struct config_endpoints submission;      /* port 587: STARTTLS */
	struct config_endpoints submissions;     /* port 465: TLS at once */
	char *local_socket;                      /* path of `portreeve sendmail`; "": none */
	char *control_socket;                    /* path of `portreeve queue` and `top`; "": none */
	struct config_prefixes proxy_peers, xclient_peers;
	char *certificate, *key;
	struct config_strings sni;               /* "mail.example.org CERTIFICATE KEY" */
	/* ---- ours ---- */
	struct config_strings domains;
	char *own_senders;                       /* take, refuse */
	char *mailboxes;                         /* directory of Maildirs: DOMAIN/LOCAL/ */
	struct config_strings transports;        /* "DOMAIN maildir|lmtp:WHERE|smtp:WHERE" */
	struct config_strings recipients; /* "DOMAIN PATH": a file of addresses, one a line */
	/* ---- who logs in ---- */
	char *auth;                              /* "accounts", "dovecot:PATH", "pam:SERVICE" */
	int64_t login_processes, login_timeout_s;
	struct config_strings trusted_hosts;     /* "ADDRESS ACCOUNT" */
	/* ---- blocklists ---- */
	struct config_strings blocklists, allowlists; /* "ZONE [weight=N] [codes=127.0.0.2-11]" */
	int64_t blocklist_threshold, blocklist_timeout_s;
	char *blocklist_action;                  /* refuse, warn */
	char *blocklist_text;                    /* a template */
	/* ---- limits ---- */
	int64_t message_bytes, memory_bytes, recipients_max, hops_max, errors_max;
	int64_t sessions, sessions_per_host, sessions_per_net, connections_per_second;
	int64_t session_timeout_s;
	/* ---- queue ---- */
	int64_t spool_bytes, segment_bytes, queue_messages;
	bool spool_anywhere;                     /* also where it cannot last */
	int64_t retry_first_s, retry_most_s, warn_after_s, give_up_s;
	/* ---- delivery ---- */
	char *smarthost;                         /* "host:port", "[192.0.2.1]:587"; "": MX */
	char *smarthost_login, *smarthost_password_file;
	struct config_strings tls_policies;      /* "DOMAIN none|opportunistic|encrypt|verify" */
	struct config_ips source;
	int64_t remote_port;                     /* for tests and labs: 25 */
	int64_t connections, connections_per_destination;
};
extern const struct config_row gateway_config_rows[];
extern const size_t gateway_config_row_count;

/* An entry of trusted_hosts, and one of sni; slices of it. ERR_INVALID. */
struct gateway_trusted_entry { struct ip host; struct str account; };
int gateway_trusted_parse(struct str entry, struct gateway_trusted_entry *out);
struct gateway_sni { struct str name, certificate, key; };
int gateway_sni_parse(struct str entry, struct gateway_sni *out);

/* ERR_INVALID with one line that names the parameter. Pure. */
int gateway_config_check(const struct gateway_config *config, struct buf *message);
/* Its part for who may speak for others, who is trusted, certificates by name, and paths. */
int gateway_config_check_entries(const struct gateway_config *config, struct buf *message);

#endif
