/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

/* A value still to be looked at. */
struct visit {
	yaml_node_t *node;
	const struct cyaml_schema_value *schema;
	const char *path; /* owned by the positions */
};

struct walk {
	yaml_document_t doc;
	struct positions *positions;
	struct mistakes *mistakes;
	struct visit *todo;
	size_t todo_len, todo_cap;
	int status;
	char text[SCHEMA_PATH_MAX]; /* path under construction */
};

static unsigned int line_of(const yaml_node_t *node)
{
	return (unsigned int)node->start_mark.line + 1;
}

static struct slice scalar_of(const yaml_node_t *node)
{
	return slice_of(node->data.scalar.value, node->data.scalar.length);
}

static void push(struct walk *w, yaml_node_t *node, const struct cyaml_schema_value *schema)
{
	const char *path = positions_add(w->positions, line_of(node), w->text);

	if (path && w->todo_len == w->todo_cap) {
		size_t cap = w->todo_cap ? w->todo_cap * 2 : 64;
		struct visit *todo = reallocarray(w->todo, cap, sizeof(*todo));

		if (todo) {
			w->todo = todo;
			w->todo_cap = cap;
		}
	}
	if (!path || w->todo_len == w->todo_cap) {
		w->status = -ENOMEM;
		return;
	}
	w->todo[w->todo_len++] = (struct visit){ .node = node, .schema = schema, .path = path };
}

static const char *name_of(const struct visit *v)
{
	return v->path[0] ? v->path : "the file";
}

/* The value is of another kind: libcyaml would stop here. */
static void wrong_kind(struct walk *w, const struct visit *v, const char *want)
{
	mistakes_add(w->mistakes, line_of(v->node), "%s: %s expected", name_of(v), want);
	w->status = -EINVAL;
}

static const struct cyaml_schema_field *field_named(const struct cyaml_schema_value *schema,
                                                    struct slice key)
{
	for (const struct cyaml_schema_field *f = schema->mapping.fields; f->key; f++)
		if (slice_eq(slice_of(f->key, strlen(f->key)), key))
			return f;
	return NULL;
}

static void child_path(struct walk *w, const struct visit *v, struct slice key)
{
	(void)snprintf(w->text, sizeof(w->text), "%s%s%.*s", v->path, v->path[0] ? "." : "",
	               (int)(key.len < SCHEMA_PATH_MAX ? key.len : SCHEMA_PATH_MAX), key.ptr);
}

/* Is the key of @pair in one of the pairs before it? */
static bool is_repeated(struct walk *w, const yaml_node_t *mapping, const yaml_node_pair_t *pair)
{
	struct slice key = scalar_of(yaml_document_get_node(&w->doc, pair->key));

	for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < pair; p++) {
		const yaml_node_t *k = yaml_document_get_node(&w->doc, p->key);

		if (k->type == YAML_SCALAR_NODE && slice_eq(scalar_of(k), key))
			return true;
	}
	return false;
}

static void visit_pair(struct walk *w, const struct visit *v, const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = yaml_document_get_node(&w->doc, pair->key);
	const struct cyaml_schema_field *field;

	if (key->type != YAML_SCALAR_NODE) {
		mistakes_add(w->mistakes, line_of(key), "%s: a key is a word", name_of(v));
		w->status = -EINVAL;
		return;
	}
	field = field_named(v->schema, scalar_of(key));
	child_path(w, v, scalar_of(key));
	if (!field) {
		mistakes_add(w->mistakes, line_of(key), "%s: unknown key", w->text);
	} else if (is_repeated(w, v->node, pair)) {
		mistakes_add(w->mistakes, line_of(key), "%s: given twice", w->text);
		w->status = -EINVAL;
	} else {
		push(w, yaml_document_get_node(&w->doc, pair->value), &field->value);
	}
}

static void visit_mapping(struct walk *w, const struct visit *v)
{
	if (v->node->type != YAML_MAPPING_NODE) {
		wrong_kind(w, v, "a mapping (key: value)");
		return;
	}
	for (const yaml_node_pair_t *p = v->node->data.mapping.pairs.start;
	     p < v->node->data.mapping.pairs.top; p++)
		visit_pair(w, v, p);
}

static void visit_sequence(struct walk *w, const struct visit *v)
{
	size_t len;

	if (v->node->type != YAML_SEQUENCE_NODE) {
		wrong_kind(w, v, "a list");
		return;
	}
	len = (size_t)(v->node->data.sequence.items.top - v->node->data.sequence.items.start);
	for (size_t i = 0; i < len; i++) {
		(void)snprintf(w->text, sizeof(w->text), "%s[%zu]", v->path, i);
		push(w, yaml_document_get_node(&w->doc, v->node->data.sequence.items.start[i]),
		     v->schema->sequence.entry);
	}
}

static void visit_scalar(struct walk *w, const struct visit *v)
{
	struct slice text;

	if (v->node->type != YAML_SCALAR_NODE) {
		wrong_kind(w, v, "a single value");
		return;
	}
	text = scalar_of(v->node);
	if (v->schema->type == CYAML_BOOL && !slice_eq(text, SLICE("true")) &&
	    !slice_eq(text, SLICE("false")))
		mistakes_add(w->mistakes, line_of(v->node), "%s: true or false expected", v->path);
	/* Strings become C strings. */
	if (text.len > 0 && memchr(text.ptr, '\0', text.len)) {
		mistakes_add(w->mistakes, line_of(v->node), "%s: holds a NUL", v->path);
		w->status = -EINVAL;
	}
}

static void walk_all(struct walk *w)
{
	while (w->todo_len > 0 && w->status != -ENOMEM) {
		const struct visit v = w->todo[--w->todo_len];

		if (v.schema->type == CYAML_MAPPING)
			visit_mapping(w, &v);
		else if (v.schema->type == CYAML_SEQUENCE)
			visit_sequence(w, &v);
		else
			visit_scalar(w, &v);
	}
}

static int syntax_mistake(const yaml_parser_t *p, struct mistakes *mistakes)
{
	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	mistakes_add(mistakes, (unsigned int)p->problem_mark.line + 1, "%s%s%s",
	             p->problem ? p->problem : "not YAML", p->context ? " " : "",
	             p->context ? p->context : "");
	return -EINVAL;
}

/* One mistake of its own kind for this event, or NULL. */
static const char *event_mistake(const yaml_event_t *e, unsigned int *documents,
                                 unsigned int *depth)
{
	if (e->type == YAML_ALIAS_EVENT)
		return "aliases (*name) are not read here: write the value out";
	if (e->type == YAML_DOCUMENT_START_EVENT && ++*documents > 1)
		return "a second document: only one is read";
	if (e->type == YAML_MAPPING_START_EVENT || e->type == YAML_SEQUENCE_START_EVENT)
		if (++*depth > SCHEMA_DEPTH_MAX)
			return "nested too deep";
	if (e->type == YAML_MAPPING_END_EVENT || e->type == YAML_SEQUENCE_END_EVENT)
		--*depth;
	return NULL;
}

/* Before a document is built of it: syntax, and what can make a small file large. */
static int check_events(struct slice text, struct mistakes *mistakes)
{
	unsigned int documents = 0;
	unsigned int depth = 0;
	bool done = false;
	yaml_parser_t p;
	int r = 0;

	if (!yaml_parser_initialize(&p))
		return -ENOMEM;
	yaml_parser_set_input_string(&p, text.ptr, text.len);
	while (!done && r == 0) {
		const char *why;
		yaml_event_t e;

		if (!yaml_parser_parse(&p, &e)) {
			r = syntax_mistake(&p, mistakes);
			break;
		}
		why = event_mistake(&e, &documents, &depth);
		if (why) {
			mistakes_add(mistakes, (unsigned int)e.start_mark.line + 1, "%s", why);
			r = -EINVAL;
		}
		done = e.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
	}
	yaml_parser_delete(&p);
	return r;
}

static int load_document(struct slice text, yaml_document_t *out, struct mistakes *mistakes)
{
	yaml_parser_t p;
	int r = 0;

	if (!yaml_parser_initialize(&p))
		return -ENOMEM;
	yaml_parser_set_input_string(&p, text.ptr, text.len);
	if (!yaml_parser_load(&p, out))
		r = syntax_mistake(&p, mistakes);
	yaml_parser_delete(&p);
	return r;
}

int schema_check(struct slice text, const struct cyaml_schema_value *schema,
                 struct positions *positions, struct mistakes *mistakes)
{
	struct walk w = { .positions = positions, .mistakes = mistakes };
	yaml_node_t *root;
	int r = check_events(text, mistakes);

	if (r == 0)
		r = load_document(text, &w.doc, mistakes);
	if (r < 0)
		return r;
	root = yaml_document_get_root_node(&w.doc);
	if (root) {
		push(&w, root, schema);
		walk_all(&w);
	} else {
		mistakes_add(mistakes, 1, "the file is empty");
		w.status = -EINVAL;
	}
	free(w.todo);
	yaml_document_delete(&w.doc);
	return w.status;
}
