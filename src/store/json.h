/* SPDX-License-Identifier: ISC
 *
 * The JSON forms of what the store holds, as portreeve-json(5) describes them. Each adds its
 * members to the object that is open, so that a caller may add more. Field names are a contract
 * with scripts: add, never rename.
 *
 * Hostile input that reaches it: texts of servers and of whoever wrote into the database, in
 * any bytes.
 */
#ifndef PORTREEVE_STORE_JSON_H
#define PORTREEVE_STORE_JSON_H

#include "base/json.h"
#include "store/accounts.h"
#include "store/clock.h"
#include "store/types.h"
#include "store/upkeep.h"

/* The object that `test` and `scan` print: "" where there is none, by promise. `reason`: why it
 * is not decided. */
void test_json(const struct test *t, enum verdict verdict, const char *reason,
               const struct case_result *results, size_t n, struct json *j);
void case_result_json(const struct case_result *r, struct json *j);
/* A row of `list tests`. */
void test_row_json(const struct test *t, struct json *j);
void test_return_json(const struct test_return *r, struct json *j);
/* `withheld`: why DNS leaves it out, or NULL. */
void listing_json(const struct listing *l, const char *withheld, const struct proof *proofs,
                  size_t n, struct json *j);
/* The same members, as far as a range has them; its `address` is address/length. */
void listed_range_json(const struct listed_range *r, const char *withheld, struct json *j);
void output_json(const struct output *o, struct json *j);
void journal_entry_json(const struct journal_entry *e, struct json *j);
void nomination_json(const struct nomination *n, struct json *j);
void permit_json(const struct permit *p, struct json *j);
void exclusion_json(const struct exclusion *x, struct json *j);
/* Without hash and keys. */
void account_json(const struct account *account, const struct account_address *addresses, size_t n,
                  struct json *j);
void expiry_json(const struct store_expiry *x, bool dry, struct json *j);
void clock_json(const struct store_clock *c, int64_t now_s, int64_t jump_max_s, struct json *j);
void report_json(const struct report *r, int64_t now_s, struct json *j);

#endif
