/* SPDX-License-Identifier: ISC
 *
 * The steps of a trace, in the order in which trace.c runs them. Each reads what
 * the steps before it wrote and fills its own part.
 */
#ifndef PORTREEVE_TRACE_PRIVATE_H
#define PORTREEVE_TRACE_PRIVATE_H

#include "trace/trace.h"
#include "trace/why.h"

/* border.c: our own side. */
bool border_is_own_name(const struct trace_border *b, struct str host);
/* Below the border: does a line with that name say that a host of ours wrote it? Names that
 * others have as well say nothing: private addresses, short ones, and what matches only a
 * pattern for such ("10.*", "mail*"). */
bool border_is_claimed(const struct trace_border *b, struct str host);
bool border_is_own_ip(const struct trace_border *b, const struct ip *ip);
/* Marks the lines above the border and finds the handover; without one it sets the
 * chain to no-handover and says why. */
void border_find(struct trace *t, const struct trace_border *b);

/* chain.c: the links below the handover. */
enum link_kind { LINK_NONE, LINK_WEAK, LINK_HOLDS, LINK_QUEUE };
void chain_walk(struct trace *t, const struct trace_border *b);

/* given.c */
/* Had a registry been given that address when the message came to us, or at the line's
 * own time if that is later? If not, an honest line means numbers of its own network. */
bool given_then(const struct trace *t, const struct received *r, const struct ip *ip);
/* Does the line's client address name somebody on the Internet? */
bool given_is_public(const struct trace *t, const struct received *r);

/* forgery.c: positive evidence in one line. `newer` is the time of the nearest line
 * above that has one, or NULL; `linked` that its link holds, which leaves only signs
 * that no honest host can show; `claims_us` that it names our own host as its writer,
 * which cannot be. Adds its reasons; true if the line is forged. */
bool forgery_line(const struct trace *t, struct trace_hop *hop, const int64_t *newer, bool linked,
                  bool claims_us);
/* forgery-form.c: forms that no mailer writes. form_signs() has those that no honest neighbour
 * explains away, and adds their reasons; the others count only in a line that nothing ties to
 * the one above it. */
bool form_signs(struct trace_hop *hop);
bool form_is_loose(const struct trace_hop *hop, bool unlinked);
bool form_has_invented_protocol(const struct received *r);
bool form_has_bad_year(const struct trace_hop *hop);
/* A customer's line: its first label has a word for such ("ppp7") or three numbers. */
bool form_is_line_name(struct str by);
/* Evidence that takes the whole block of unlinked lines. */
void forgery_block(struct trace *t, size_t first);

/* origin.c */
void origin_find(struct trace *t);
/* relay.c */
void relay_find(struct trace *t, const struct trace_border *b);
/* return-path.c */
void return_path_judge(struct trace *t, const struct trace_border *b);

#endif
