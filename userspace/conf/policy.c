/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf/policy.h"

#define X(name, word, help) [VERIFY_##name] = (word),
const char *const verify_words[VERIFY_MODE_MAX] = { VERIFY_MODES(X) };
#undef X
#define X(name, word, help) [INJECT_##name] = (word),
const char *const inject_words[INJECT_MODE_MAX] = { INJECT_MODES(X) };
#undef X
#define X(name, word, help) [RFC9440_##name] = (word),
const char *const rfc9440_words[RFC9440_MODE_MAX] = { RFC9440_MODES(X) };
#undef X
#define X(name, word, help) [XFCC_##name] = (word),
const char *const xfcc_words[XFCC_MODE_MAX] = { XFCC_MODES(X) };
#undef X
