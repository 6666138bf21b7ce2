/* SPDX-License-Identifier: ISC
 *
 * A report to an abuse desk: the facts of a trace once, and the forms made from them: ARF
 * (RFC 5965), XARF version 4, and what a template says. Pure: time, ids and contacts come
 * in.
 *
 * Hostile input: the message, by way of the trace and its redacted copy. Nothing of it gets
 * into a header field of ours except as checked address, redacted digest or plain ASCII.
 */
#ifndef PORTREEVE_REPORT_H
#define PORTREEVE_REPORT_H

#include "store/types.h"
#include "report/redact.h"

enum { REPORT_UUID_MAX = 37, REPORT_MESSAGE_ID_MAX = 160 };

/* Who reports. */
struct reporter {
	const char *organisation;           /* UTF-8 */
	const char *from;                   /* mail address */
	const char *hostname;
};

struct report_facts {
	struct reporter reporter;
	const char *id;                     /* of the report */
	const char *token;                  /* the same, proved; report/token.h */
	const char *uuid;
	const char *contact, *contact_source;   /* "rdap", "abusix"; "given" by the user */
	int64_t contact_age_s, now_s;
	struct ip source, relay;            /* relay.family 0: none */
	bool is_origin;                     /* the believed origin, not the handover */
	const char *network, *network_name; /* "" for what no source named */
	uint32_t asn;
	unsigned incidents;
	const struct trace *trace;
	const struct redaction *redaction;
	struct str copy;                    /* redact_message() */
	bool header_only;                   /* the copy has no text */
};

/* Why no report may be made about this message, static; NULL if one may. Reports, bounces
 * and automatic mail are never reported: two such programs would write to each other for
 * ever. `null_sender_ok`: a null sender alone is no reason. */
const char *report_guard(struct str message, const struct trace *t, bool null_sender_ok);

/* 8 characters, and a UUID of version 4. */
void report_id_make(char id[static REPORT_ID_LEN + 1]);
void report_uuid_make(char uuid[static REPORT_UUID_MAX]);
/* Names the report to whoever sends it back: "<portreeve-report.TOKEN@host>". */
void report_message_id(const char *token, const char *hostname,
                       char dst[static REPORT_MESSAGE_ID_MAX]);
/* SHA-256 of the message. */
enum { REPORT_DIGEST_BYTES = 32 };
void report_digest(struct str message, char digest[static REPORT_DIGEST_BYTES]);

/* When our border took the message; 0 if its line has no time. */
int64_t report_arrival(const struct trace *t);
/* The port that the source came from, which tells customers behind one address apart; 0 if
 * our border did not write it down. */
unsigned report_source_port(const struct report_facts *f);
/* A text for people and fields of ours: unfolded, cut, ASCII; report_plain() redacts it,
 * too, report_ascii() is for what is redacted or ours. */
void report_plain(const struct report_facts *f, struct str text, size_t max, struct buf *out);
void report_ascii(struct str text, size_t max, struct buf *out);
/* A field of the redacted copy; "" if it has none. */
struct str report_copy_field(const struct report_facts *f, struct str name);

/* That of the message, redacted, decoded, on one line of at most that many bytes. The caller frees
 * it. */
char *report_subject(const struct report_facts *f, size_t max);
/* Appends a field whose text is UTF-8: in encoded words where it must be (RFC 2047), folded. */
void report_add_field(const char *name, const char *text, struct buf *out);

/* Whole mails, lines ended by CRLF, ASCII. */
void arf_format(const struct report_facts *f, struct buf *out);
void xarf_mail_format(const struct report_facts *f, struct str xarf, struct buf *out);
/* The JSON object alone. */
void xarf_format(const struct report_facts *f, struct buf *out);
/* What both mails begin with, and the part for people. */
void report_header(const struct report_facts *f, const char *boundary, struct buf *out);
void report_text(const struct report_facts *f, struct buf *out);

/* Fills a template: a mail of the user's making with its header, in which {{source}},
 * {{relay}}, {{network}}, {{contact}}, {{time}}, {{id}}, {{from}}, {{organisation}},
 * {{message_id}} and, in the body only, {{header}} and {{message}} stand for facts. From, Date,
 * Message-ID (not the report's) and Auto-Submitted are added. *to gets the recipient of its
 * To field, which must be plain text of the template. It may have neither fields that are added
 * nor other recipients, and no field twice that a mail has once. What is 8-bit is encoded.
 * ERR_INVALID with one line in *problem. */
int template_format(const struct report_facts *f, struct str text, char to[static CONTACT_MAX],
                    struct buf *out, struct buf *problem);

#endif
