/* SPDX-License-Identifier: ISC
 *
 * Who is named for abuse in a registry's answer. Registries, and those who fill them, differ in
 * where they put it: an entity with the role, one within that, an address that is typed so in the
 * card of somebody else; one value with several addresses, one thing where a list belongs. All are
 * gathered, put in order, and those that a remark calls invalid are left out.
 */
#include "report/rdap-private.h"

enum {
	ENTITY_DEPTH_MAX = 8, ENTITIES_MAX = 500, CARD_DEPTH_MAX = 4,
	NAMED_MAX = 64, REMARKS_MAX = 64, EMPTY_MAX = 16,
	PREF_NONE = 101,             /* RFC 6350 5.3: 1 to 100, the smaller the better */
};

/* How sure it is that this address takes reports. */
enum desk_rank { DESK_ROLE_AND_TYPE, DESK_ROLE, DESK_TYPE };

struct named {
	struct str email;
	unsigned order;              /* by rank, then by preference */
};

struct desk_search {
	struct named named[NAMED_MAX];
	size_t n;
	struct str remarks[REMARKS_MAX];
	size_t remark_count;
	struct str empty[EMPTY_MAX]; /* handles of desks without an address */
	size_t empty_count;
	struct rdap_links *links;
	unsigned seen;
};

/* ---- the shapes of JSON -------------------------------------------------- */

/* Whether "abuse" is what the value says, alone or among others: "abuse,work". */
static bool says_abuse(const json_t *value)
{
	const json_t *item;
	for (size_t i = 0; (item = rdap_item(value, i)) != NULL; i++) {
		struct str rest = rdap_text(item), word;
		while (str_token(&rest, " ,;/", &word))
			if (str_caseeq(word, STR("abuse")) || str_caseeq(word, STR("abuse-c")))
				return true;
	}
	return false;
}

/* The member of a property's parameters, which is a list in some registries. */
static const json_t *parameter(const json_t *property, struct str name)
{
	const json_t *parameters = json_array_get(property, 1), *item;
	for (size_t i = 0; (item = rdap_item(parameters, i)) != NULL; i++) {
		const char *key;
		json_t *value;
		json_object_foreach((json_t *)item, key, value)
			if (str_caseeq(str_of(key), name))
				return value;
	}
	return NULL;
}

static unsigned preference(const json_t *property)
{
	const json_t *value = rdap_item(parameter(property, STR("pref")), 0);
	uint64_t pref;
	if (json_is_integer(value))
		pref = (uint64_t)json_integer_value(value);
	else if (str_u64(str_trim(rdap_text(value)), PREF_NONE, &pref) != ERR_OK)
		return PREF_NONE;
	return pref >= 1 && pref < PREF_NONE ? (unsigned)pref : PREF_NONE;
}

/* ---- addresses ------------------------------------------------------------ */

static void add_named(struct desk_search *s, struct str email, unsigned order)
{
	if (s->n < NAMED_MAX)
		s->named[s->n++] = (struct named){ email, order };
}

/* One address, or several: "a@b.example, Desk <c@d.example>". What has a line end or another
 * control in it was made to be something else. */
static void add_value(struct desk_search *s, struct str value, unsigned order)
{
	struct str word, half;
	value = str_trim(value);
	for (size_t i = 0; i < value.n; i++)
		if (!ascii_isprint((unsigned char)value.p[i]) && value.p[i] != '\t')
			return;
	while (str_token(&value, " ,;<>()\"\t|", &word)) {
		if (str_caseprefix(word, STR("mailto:")))
			word = str_from(word, 7);
		size_t query = str_find(word, '?');
		if (query != SIZE_MAX)
			word.n = query;
		/* "a@b.example/c@d.example": no domain has a stroke. */
		size_t at = str_find(word, '@');
		bool several = at != SIZE_MAX && str_find(str_from(word, at), '/') != SIZE_MAX;
		while (several && str_token(&word, "/", &half))
			add_named(s, half, order);
		while (word.n && strchr(".:'", word.p[word.n - 1]))
			word.n--;
		add_named(s, word, order);
	}
}

static void add_values(struct desk_search *s, const json_t *value, unsigned order)
{
	const json_t *item;
	for (size_t i = 0; (item = rdap_item(value, i)) != NULL; i++)
		if (str_find(rdap_text(item), '@') != SIZE_MAX)
			add_value(s, rdap_text(item), order);
}

/* ["email", {"type": "abuse", "pref": "1"}, "text", "abuse@example.org"] */
static void read_email(struct desk_search *s, const json_t *property, bool is_desk)
{
	bool typed = says_abuse(parameter(property, STR("type")));
	if (!is_desk && !typed)
		return;
	enum desk_rank rank = is_desk && typed ? DESK_ROLE_AND_TYPE
	                                       : is_desk ? DESK_ROLE : DESK_TYPE;
	for (size_t k = 1; k < json_array_size(property); k++)
		add_values(s, json_array_get(property, k),
		           (unsigned)rank * 2 * PREF_NONE + preference(property));
}

/* jCard (RFC 7095): ["vcard", [["email", …], …]], or with a list more or less around it. */
static void read_card(struct desk_search *s, const json_t *card, bool is_desk, unsigned depth)
{
	struct str name = rdap_text(json_array_get(card, 0));
	size_t i;
	json_t *item;
	if (str_caseeq(name, STR("email")) || str_casesuffix(name, STR(".email"))) {
		read_email(s, card, is_desk);
		return;
	}
	if ((name.n && !str_caseeq(name, STR("vcard"))) || depth > CARD_DEPTH_MAX)
		return;
	json_array_foreach((json_t *)card, i, item)
		if (json_is_array(item))
			read_card(s, item, is_desk, depth + 1);
}

/* ---- entities -------------------------------------------------------------- */

static void add_link(struct rdap_links *links, struct str url)
{
	bool wanted = links->n < RDAP_LINKS_MAX && rdap_is_url(url, links->http_ok);
	for (size_t i = 0; wanted && i < links->n; i++)
		wanted = !str_eq(url, str_of(links->urls[i]));
	if (wanted)
		str_copy(links->urls[links->n++], RDAP_URL_MAX, url);
}

static void read_links(const json_t *entity, struct rdap_links *links)
{
	const json_t *list = json_object_get(entity, "links"), *link;
	for (size_t i = 0; (link = rdap_item(list, i)) != NULL; i++)
		if (str_caseeq(rdap_text(json_object_get(link, "rel")), STR("self")))
			add_link(links, rdap_text(json_object_get(link, "href")));
}

static void add_remarks(struct desk_search *s, const json_t *texts)
{
	const json_t *item;
	for (size_t i = 0; (item = rdap_item(texts, i)) != NULL; i++)
		if (rdap_text(item).n && s->remark_count < REMARKS_MAX)
			s->remarks[s->remark_count++] = rdap_text(item);
}

static void read_remarks(struct desk_search *s, const json_t *object)
{
	const json_t *list = json_object_get(object, "remarks"), *remark;
	for (size_t i = 0; (remark = rdap_item(list, i)) != NULL; i++) {
		add_remarks(s, json_object_get(remark, "title"));
		add_remarks(s, json_object_get(remark, "description"));
		add_remarks(s, remark);
	}
}

/* True: it names an address. Some pilots had them as plain members. */
static bool read_addresses(struct desk_search *s, const json_t *entity, bool is_desk)
{
	size_t before = s->n;
	read_card(s, json_object_get(entity, "vcardArray"), is_desk, 0);
	if (is_desk) {
		add_values(s, json_object_get(entity, "email"), DESK_ROLE * 2 * PREF_NONE);
		add_values(s, json_object_get(entity, "emails"), DESK_ROLE * 2 * PREF_NONE);
	}
	return s->n > before;
}

static bool has_role(const json_t *entity)
{
	return says_abuse(json_object_get(entity, "roles")) ||
	       says_abuse(json_object_get(entity, "role")) ||
	       says_abuse(json_object_get(entity, "type"));
}

/* The desk's own entities without a role are the desk's. False: nobody in there has an
 * address. */
static bool read_entities(struct desk_search *s, const json_t *list, bool in_desk, unsigned depth)
{
	const json_t *entity;
	bool found = false;
	for (size_t i = 0; depth <= ENTITY_DEPTH_MAX && (entity = rdap_item(list, i)) != NULL;
	     i++) {
		if (++s->seen > ENTITIES_MAX)
			break;
		bool roleless = rdap_item(json_object_get(entity, "roles"), 0) == NULL;
		bool is_desk = has_role(entity) || (in_desk && roleless);
		bool named = read_addresses(s, entity, is_desk);
		read_remarks(s, entity);
		named |= read_entities(s, json_object_get(entity, "entities"), is_desk, depth + 1);
		if (is_desk && !named) {
			struct str handle = rdap_text(json_object_get(entity, "handle"));
			read_links(entity, s->links);
			if (handle.n && s->empty_count < EMPTY_MAX)
				s->empty[s->empty_count++] = handle;
		}
		found |= named;
	}
	return found;
}

/* A desk without an address is written out elsewhere in the answer, under the same handle. */
static void read_again(struct desk_search *s, const json_t *list, unsigned depth)
{
	const json_t *entity;
	for (size_t i = 0; depth <= ENTITY_DEPTH_MAX && (entity = rdap_item(list, i)) != NULL;
	     i++) {
		struct str handle = rdap_text(json_object_get(entity, "handle"));
		if (++s->seen > 2 * ENTITIES_MAX)
			return;
		for (size_t k = 0; k < s->empty_count; k++)
			if (str_eq(handle, s->empty[k]))
				read_addresses(s, entity, true);
		read_again(s, json_object_get(entity, "entities"), depth + 1);
	}
}

/* ---- the choice ------------------------------------------------------------- */

static bool is_condemned(const struct desk_search *s, struct str email)
{
	for (size_t i = 0; i < s->remark_count; i++)
		if (rdap_remark_condemns(s->remarks[i], email))
			return true;
	return false;
}

/* The best first; of equals the first that was named. */
static void add_contacts(struct desk_search *s, struct contact_answer *answer)
{
	for (size_t done = 0; done < s->n; done++) {
		size_t best = SIZE_MAX;
		for (size_t i = 0; i < s->n; i++)
			if (s->named[i].email.n && (best == SIZE_MAX ||
			                            s->named[i].order < s->named[best].order))
				best = i;
		if (best == SIZE_MAX)
			return;
		if (!is_condemned(s, s->named[best].email))
			contact_add(answer, s->named[best].email);
		s->named[best].email = STR("");
	}
}

void rdap_desks_find(const json_t *root, bool is_desk, struct contact_answer *answer,
                     struct rdap_links *links)
{
	struct desk_search s = { .links = links };
	bool named = is_desk && read_addresses(&s, root, true);
	read_remarks(&s, root);
	named |= read_entities(&s, json_object_get(root, "entities"), is_desk, 0);
	if (is_desk && !named)
		read_links(root, links);
	if (s.empty_count)
		read_again(&s, json_object_get(root, "entities"), 0);
	add_contacts(&s, answer);
}
