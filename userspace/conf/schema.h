/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * schema.h - every mistake that libcyaml's schema can see, not just the first.
 *
 * libcyaml stops at one mistake and takes any word but four for true. This walks the
 * same schema over libyaml's document, says all that does not fit, and notes where
 * everything stands for those who look closer.
 */
#pragma once

#include <cyaml/cyaml.h>

#include "base/slice.h"
#include "conf/mistakes.h"
#include "conf/position.h"

enum { SCHEMA_PATH_MAX = 192, SCHEMA_DEPTH_MAX = 16 };

/**
 * schema_check - compare a YAML text with a schema
 * @schema:    its mappings, sequences, strings and booleans are looked at
 * @positions: gets the line of each value; of the root under ""
 * @mistakes:  gets what does not fit: syntax, unknown and repeated keys, values of
 *             another kind, anchors, more than one document
 *
 * Return: 0 libcyaml can load it; -EINVAL it cannot; -ENOMEM.
 */
MUST_USE int schema_check(struct slice text, const struct cyaml_schema_value *schema,
                          struct positions *positions, struct mistakes *mistakes);
