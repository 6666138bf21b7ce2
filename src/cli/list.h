/* SPDX-License-Identifier: ISC
 *
 * `portreeve list` among its files: what was asked for, the filters of it, the kinds of rows that
 * there are, and the operator's word. list.c reads the options and calls the others.
 *
 * It trusts the caller's arguments to have been checked by list_query_read(); what the rows hold
 * may be anybody's text and is escaped where it is shown.
 */
#ifndef PORTREEVE_CLI_LIST_H
#define PORTREEVE_CLI_LIST_H

#include "cli/cli.h"

/* The order of what is shown. */
enum list_order { LIST_AS_KEPT, LIST_NEWEST, LIST_OLDEST, LIST_ADDRESS };

/* Which rows, checked. */
struct list_query {
	bool ranged;
	struct prefix range;                 /* those within it, and ranges that hold it */
	int64_t since_s, before_s;           /* of a row's own time; 0: not asked for */
	const char *by;                      /* who did or asked for it; NULL: anybody */
	bool by_operator, undecided;
	int state, verdict;                  /* of a test; -1: any */
	enum list_order order;
	size_t max;                          /* 0: not asked for */
};

struct list_args {
	struct cli cli;
	/* As they were given. */
	const char *by, *why, *limit, *since, *before, *test_state, *verdict, *sort;
	bool undecided, by_operator, count;
	struct list_query query;
};

/* Filters that not all rows know, as bits. */
enum { LIST_BY_WHO = 1, LIST_BY_OPERATOR = 2, LIST_BY_STATE = 4, LIST_BY_VERDICT = 8 };

/* What of a row the filters and orders look at. */
struct list_key {
	struct prefix subject;
	int64_t time_s;
	const char *who;                     /* NULL: nobody is named */
};

/* ---- list-query.c ---------------------------------------------------------------- */

/* From the options, and the ADDRESS or RANGE (NULL: none), for rows named `what` that know the
 * filters `known`. CLI_GO, or the exit code of what cannot be meant. */
int list_query_read(struct list_args *a, const char *what, const char *subject, unsigned known);
/* Whether anything but the number of rows was asked for. Pure, as the next. */
bool list_query_filters(const struct list_query *q);
/* What it says of address or range, time and name; the rest is the kind's own. */
bool list_query_fits(const struct list_query *q, const struct list_key *key);
/* How two rows stand in that order: <0, 0, >0; LIST_AS_KEPT: 0. */
int list_key_cmp(enum list_order order, const struct list_key *a, const struct list_key *b);

/* ---- list-rows.c, list-kinds.c ---------------------------------------------------- */

struct list_rows;

/* A kind of rows: how they are read, and what is shown of one. */
struct list_kind {
	const char *name;                    /* "tests" */
	const char *none;                    /* said where there are no rows at all */
	const char *const *heading;
	size_t size;                         /* of the struct of one */
	unsigned filters;                    /* of the bits above, those that it knows */
	size_t usual_max;                    /* without --limit; 0: all */
	bool newest_last;                    /* as kept: --limit takes from the end */
	/* Gives each row to list_rows_keep(). Texts that are not in the row live in cli.arena. */
	int (*read)(struct list_args *a, struct list_rows *rows);
	struct list_key (*key)(const void *row);
	bool (*fits)(const struct list_query *q, const void *row);       /* NULL: always */
	void (*json)(struct list_args *a, const void *row, struct json *j);
	void (*cells)(struct list_args *a, const void *row, const char **cells);
	/* What people see below the table of one address; NULL: nothing. */
	void (*below)(struct list_args *a, const void *row);
};

/* By its name, and what stands for listings with --undecided; NULL: none. list-kinds.c */
const struct list_kind *list_kind_find(const char *name, bool undecided);
/* A copy of the row is kept if it is asked for. list-rows.c */
void list_rows_keep(struct list_rows *rows, const void *row);
/* Reads, orders and prints them, the store being open. CLI_GO or an exit code. list-rows.c */
int list_rows_show(struct list_args *a, const struct list_kind *kind);

/* ---- list-word.c ------------------------------------------------------------------ */

/* `list add`, `list agree` and `list disagree`; `subject` as it was given. */
int list_word_add(struct list_args *a, const char *subject);
int list_word_agree(struct list_args *a, const char *subject, bool agreed);

#endif
