/* SPDX-License-Identifier: ISC
 *
 * Collects what the user says about his own side, from options, the config or a
 * batch line, into the struct trace_border that a trace reads.
 */
#ifndef PORTREEVE_TRACE_BORDER_H
#define PORTREEVE_TRACE_BORDER_H

#include "base/arena.h"
#include "trace/trace.h"

/* Zero-initialised is empty and valid. */
struct border_set {
	struct arena arena;
	struct str *own_hosts, *border_hosts;
	struct prefix *own_nets;
	size_t own_host_count, own_host_cap;
	size_t border_host_count, border_host_cap;
	size_t own_net_count, own_net_cap;
};

void border_set_fini(struct border_set *set);
/* Empties it and keeps the memory. */
void border_set_clear(struct border_set *set);
/* The glob is copied. ERR_INVALID for an empty one or one with spaces. */
int border_add_own_host(struct border_set *set, struct str glob, struct parse_error *pe);
int border_add_border_host(struct border_set *set, struct str glob, struct parse_error *pe);
/* "192.0.2.0/24" or an address; host bits that are set are dropped. */
int border_add_own_net(struct border_set *set, struct str cidr, struct parse_error *pe);
/* A view, valid until the set changes. */
struct trace_border border_view(const struct border_set *set);

#endif
