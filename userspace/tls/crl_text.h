/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * crl_text.h - CRLs as a file has them, PEM or DER, to PEM.
 */
#pragma once

#include "base/slice.h"

/**
 * crl_text - the CRLs of a file
 * @raw: PEM of one or more, with whatever stands between them; or one in DER
 * @out: PEM of those and nothing else, with a NUL behind it; the caller frees it
 *
 * Return: 0; -EINVAL none, or one that cannot be read; -E2BIG too many; -ENOMEM.
 */
MUST_USE int crl_text(struct slice raw, char **out);
