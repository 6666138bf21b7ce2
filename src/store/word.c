/* SPDX-License-Identifier: ISC
 *
 * The operator's word: an address is put on the list by it, or taken off.
 */
#include "store/fuse.h"
#include "store/list.h"

#include "store/steps-private.h"

#include <assert.h>

static int list_by_word(struct store *st, const struct ip *address, const char *who,
                        const char *why, const struct lifecycle_policy *policy, int64_t now_s)
{
	struct endpoint target = { *address, 0 };
	struct lifecycle_event event = { .type = LIFE_OPERATOR_LIST, .now_s = now_s };
	struct lifecycle_state state;
	struct listing l;
	char text[IP_TEXT_MAX];
	int e = lifecycle_load(st, &target, now_s, &state, &l);
	if (e != ERR_OK)
		return e;
	struct lifecycle_effects effects = lifecycle_step(&state, &event, policy);
	ip_format(address, text);
	if (effects.set & LIFE_REFUSE && !state.listed)
		return store_fail(st, ERR_DENIED, "may not be published: %s; see \"list\" in "
		                  "portreeve.conf(5)", effects.why);
	if (effects.set & LIFE_REFUSE)
		return store_fail(st, ERR_EXISTS, "%s: %s", text, effects.why);
	assert(effects.set & LIFE_LIST && !fuse_refuses_ip(&st->fuse, address));
	l = (struct listing){
		.address = *address, .since_s = now_s, .recheck_s = effects.at_s,
		.by_operator = true,
	};
	str_copy(l.reason, sizeof(l.reason), str_of(why));
	e = row_add(st, ROW_LISTING, &l);
	return e == ERR_OK ? journal_add_ip(st, JOURNAL_LIST, address, who, why, now_s) : e;
}

int store_list(struct store *st, const struct ip *address, const char *who, const char *why,
               const struct lifecycle_policy *policy, int64_t now_s)
{
	assert(policy->recheck_interval_s >= 0);
	int e = store_begin(st, PLACE_LIST, STORE_LIST, "list");
	if (e != ERR_OK)
		return e;
	return store_end(st, list_by_word(st, address, who, why, policy, now_s));
}

static int take_off(struct store *st, const struct listing *l, const char *who, const char *why,
                    int64_t now_s)
{
	struct arena a = { 0 };
	struct outputs_watch watch = { 0 };
	assert(l->address.family == 4 || l->address.family == 6);
	int e = outputs_watch(st, &l->address, NULL, 0, &a, &watch);
	if (e == ERR_OK)
		e = listing_remove(st, l);
	if (e == ERR_OK)
		e = journal_add_ip(st, JOURNAL_DELIST, &l->address, who, why, now_s);
	if (e == ERR_OK)
		e = outputs_journal(st, &watch, now_s);
	arena_fini(&a);
	return e;
}

static int delist_by_word(struct store *st, const struct ip *address, const char *who,
                          const char *why, int64_t now_s)
{
	struct endpoint target = { *address, 0 };
	struct lifecycle_event event = { .type = LIFE_OPERATOR_DELIST, .now_s = now_s };
	struct lifecycle_policy none = { 0 };          /* the word needs no policy */
	struct lifecycle_state state;
	struct listing l;
	struct prefix whole = prefix_of(address, ip_bits(address));
	char text[IP_TEXT_MAX];
	int e = lifecycle_load(st, &target, now_s, &state, &l);
	if (e != ERR_OK)
		return e;
	struct lifecycle_effects effects = lifecycle_step(&state, &event, &none);
	if (effects.set & LIFE_REFUSE)
		e = range_keeps(st, &whole);
	if (e != ERR_OK)
		return e;
	if (effects.set & LIFE_REFUSE)
		return store_fail(st, ERR_NOT_FOUND, "%s: %s", ip_format(address, text),
		                  effects.why);
	assert(state.listed && effects.set & LIFE_DELIST);
	return take_off(st, &l, who, why, now_s);
}

int store_delist(struct store *st, const struct ip *address, const char *who, const char *why,
                 int64_t now_s)
{
	int e = store_begin(st, PLACE_LIST, STORE_LIST, "delist");
	return e == ERR_OK ? store_end(st, delist_by_word(st, address, who, why, now_s)) : e;
}
