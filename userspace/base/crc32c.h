/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * crc32c.h - the checksum of RFC 4960 appendix B: Castagnoli's polynomial, reflected.
 */
#pragma once

#include "base/slice.h"

/**
 * crc32c - checksum of @bytes
 * @crc: 0 to begin; what the last call gave, to go on behind its bytes
 *
 * "123456789" gives 0xE3069283.
 */
uint32_t crc32c(uint32_t crc, struct slice bytes);
