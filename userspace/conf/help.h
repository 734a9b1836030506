/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * help.h - the tables of options and words as text, for --help and docs/options.md.
 */
#pragma once

#include <stdio.h>

/** help_options - the option table for a terminal */
void help_options(FILE *out);

/** help_markdown - docs/options.md: options and the words of a host's policy */
void help_markdown(FILE *out);
