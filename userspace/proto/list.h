/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * list.h - the members of a comma-separated field value (RFC 9110 section 5.6.1).
 */
#pragma once

#include "base/slice.h"

/**
 * list_next - take the next member off a list
 * @rest:       in: what is left of the value; out: what is left behind the member
 * @out_member: without surrounding white space, not empty; a comma inside a
 *              quoted-string does not end it
 *
 * Return: false when there is none left.
 */
bool list_next(struct slice *rest, struct slice *out_member);
