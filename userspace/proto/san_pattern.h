/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * san_pattern.h - which subject alternative names an operator means.
 *
 *   dns:api.example.com     that host name, in any case
 *   dns:*.example.com       exactly one label before it
 *   uri:https://x.org/a     that URI, byte for byte; spiffe://... is short for uri:spiffe://...
 *   uri:spiffe://td/S       S is a star, between slashes or at the end: exactly one segment of
 *                           the path; two stars, only at the end: one or more of them. Not in
 *                           scheme or authority, not as part of a segment.
 *   email:a@x.org           that mailbox; the domain in any case
 *   email:*@x.org           any mailbox of exactly that domain
 *
 * What a star stands for is never empty, "." or "..", and has no '%', '?', '#', '\' or '*' and
 * nothing but printable ASCII: no second reading of it reaches another place. In doubt it
 * does not match.
 */
#pragma once

#include "proto/hostname.h"
#include "proto/identity_text.h"

enum { SAN_PATTERN_BYTES_MAX = 2048 };

struct san_pattern {
	enum san_kind kind;
	bool has_star;
	struct slice text;    /* without its kind; of an email, what is before the '@' */
	struct hostname host; /* of dns and email, normalised */
};

/**
 * san_pattern_parse - read one
 * @out: written on success; its text is borrowed from @text
 *
 * Return: NULL, or what is wrong with it.
 */
MUST_USE const char *san_pattern_parse(struct slice text, struct san_pattern *out);

/** san_pattern_matches - is @san, as the certificate has it, meant? */
bool san_pattern_matches(const struct san_pattern *p, const struct san *san);
