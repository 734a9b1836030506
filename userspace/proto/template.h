/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * template.h - a header's value in the operator's words: text with ${field}.
 *
 * The fields are those of a Cloudflare Worker's request.cf.tlsClientAuth, and the
 * subject alternative names. What a certificate does not have is empty; a value whose
 * fields are all empty is left out with its header.
 */
#pragma once

#include "proto/identity.h"

enum { TEMPLATE_BYTES_MAX = 1024, TEMPLATES_MAX = 24 };

/* One field, for the documentation. */
struct template_field {
	struct slice name;
	identity_renderer *render;
	const char *says;
};

/** template_field_at - the fields in the order of the table; NULL past its end */
const struct template_field *template_field_at(size_t i);

/**
 * template_check - can it be rendered?
 * @out_at: written on failure: the part that is wrong
 *
 * Return: NULL, or what is wrong with that part.
 */
const char *template_check(struct slice template, struct slice *out_at);

/** template_render - an identity_renderer for a template that was checked */
bool template_render(struct slice template, const struct identity_meta *meta, struct sink *out);
