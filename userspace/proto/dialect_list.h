/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dialect_list.h - what dialect_*.c define. Private to dialect*.c.
 */
#pragma once

#include "proto/dialect.h"

#define X(name, word, symbol, help) extern const struct dialect symbol;
DIALECTS(X)
#undef X
