/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * snapshot_json.h - private to store/: parts shared by the two directions.
 */
#pragma once

/**
 * cleansing_json - make jansson wipe whatever it frees
 *
 * Its strings hold private keys. Process-wide, may be called again.
 */
void cleansing_json(void);

/** str_cleanse_free - wipe and free a string; NULL is fine */
void str_cleanse_free(char *s);
