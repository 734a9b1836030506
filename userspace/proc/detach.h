/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/**
 * detach_main - take off and unpin what a sluiced that was killed has left in @dir
 * @dir: NULL: the usual place
 *
 * Says what it did. Return: exit status; 1: a sluiced that runs has it, or no rights.
 */
int detach_main(const char *dir);
