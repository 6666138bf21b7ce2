/* SPDX-License-Identifier: ISC
 *
 * One HTTP GET on the loop, by libcurl's multi interface: https and public addresses
 * only, through redirects as well, unless the caller says otherwise. Names are resolved by
 * our own resolver; libcurl is given the addresses and asks nobody. No proxy, no cookies,
 * no credentials; size, time and redirects are limited.
 *
 * Hostile input: the URL, every redirect, and whatever answers. A name that resolves to a
 * private address, an address in the URL written in whatever way, a redirect to either or
 * to another scheme, is refused before a byte is sent there.
 */
#ifndef PORTREEVE_REPORT_RDAP_FETCH_H
#define PORTREEVE_REPORT_RDAP_FETCH_H

#include "base/err.h"
#include "base/loop.h"
#include "base/str.h"
#include "dns/resolver.h"

struct fetch_setup {
	struct loop *loop;
	struct dns_resolver *resolver;
	bool private_ok;         /* http and private addresses too */
	size_t max_bytes;
	int64_t timeout_ms;      /* for all of it */
};

struct fetch;
/* err: ERR_OK with the body; else *problem says why in one line: ERR_NOT_FOUND (status 404),
 * ERR_LIMIT, ERR_DENIED, ERR_TIMEOUT, ERR_IO. */
typedef void fetch_cb(void *arg, int err, struct str body, const char *problem);
/* Calls back once, from the loop; the fetch is gone when that returns. The setup is copied. */
struct fetch *fetch_start(const struct fetch_setup *setup, const char *url, fetch_cb *cb,
                          void *arg);
/* It will not call back. NULL is fine. */
void fetch_cancel(struct fetch *f);

#endif
