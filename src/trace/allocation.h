/* SPDX-License-Identifier: ISC
 *
 * Since when there is anybody behind an address. A line that says it took mail from
 * 101.0.0.0/8 in 2002 was invented, or speaks of numbers used inside one network.
 * Facts of IANA's registries "IPv4 Address Space" and "IPv6 Global Unicast Address
 * Assignments" as of November 2024, and of the former's edition of February 2003 for
 * ranges that changed hands. Pure.
 */
#ifndef PORTREEVE_TRACE_ALLOCATION_H
#define PORTREEVE_TRACE_ALLOCATION_H

#include "base/ip.h"

/* Had a registry been given the range of this address by then (Unix seconds)? In doubt
 * it had: before 2001, within months of the date, and for pieces of IPv6 that the table
 * does not know, after its own date. Ranges that are reserved for good are not looked
 * at: see ip_is_unassigned(). */
bool allocation_was_given(const struct ip *ip, int64_t time_s);

#endif
