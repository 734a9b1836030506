/* SPDX-License-Identifier: GPL-2.0-only */
/* version.h - which one this is. */
#pragma once

#ifndef SLUICE_VERSION
#define SLUICE_VERSION "0.1.0"
#endif
