/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/refusal.h"

#include <stdint.h>

#include "base/must.h"

static const struct {
	const char *label;
	uint16_t status;
} refusals[] = {
#define X(name_, status_, label_) { .label = (label_), .status = (status_) },
	REFUSALS(X)
#undef X
};

int refusal_status(enum refusal r)
{
	must(r < REFUSAL_MAX);
	return refusals[r].status;
}

const char *refusal_label(enum refusal r)
{
	must(r < REFUSAL_MAX);
	return refusals[r].label;
}
