/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/wheel.h"

#include <stddef.h>

static struct timer *slot_of(struct wheel *w, uint64_t tick)
{
	return &w->slots[tick % WHEEL_SLOTS];
}

void wheel_init(struct wheel *w, uint64_t now_ms)
{
	for (size_t i = 0; i < WHEEL_SLOTS; i++)
		w->slots[i].next = w->slots[i].prev = &w->slots[i];
	w->tick = now_ms / WHEEL_TICK_MS;
	w->set = 0;
}

static void unlink_timer(struct timer *t)
{
	t->next->prev = t->prev;
	t->prev->next = t->next;
	t->next = t->prev = NULL;
}

/* The first tick that ends at or after the deadline and was not looked at yet. */
static uint64_t place_of(const struct wheel *w, uint64_t deadline_ms)
{
	uint64_t tick = deadline_ms / WHEEL_TICK_MS + 1;

	return tick > w->tick ? tick : w->tick;
}

static void link_timer(struct wheel *w, struct timer *t)
{
	struct timer *head;

	t->place = place_of(w, t->deadline_ms);
	head = slot_of(w, t->place);
	t->next = head;
	t->prev = head->prev;
	head->prev->next = t;
	head->prev = t;
}

void wheel_set(struct wheel *w, struct timer *t, uint64_t deadline_ms)
{
	t->deadline_ms = deadline_ms;
	if (t->next == NULL) {
		w->set++;
		link_timer(w, t);
		return;
	}
	/* Later than where it stands: it is moved on when that place comes up. */
	if (place_of(w, deadline_ms) >= t->place)
		return;
	unlink_timer(t);
	link_timer(w, t);
}

void wheel_clear(struct wheel *w, struct timer *t)
{
	if (t->next == NULL)
		return;
	must(w->set > 0);
	unlink_timer(t);
	w->set--;
}

/* Takes the slot's timers off into a ring of their own, so that what a callback
 * sets or clears cannot disturb the walk. */
static void walk_slot(struct wheel *w, uint64_t now_ms, wheel_fire *fire, void *arg)
{
	struct timer *head = slot_of(w, w->tick);
	struct timer due = { .next = head->next, .prev = head->prev };

	if (head->next == head)
		return;
	due.next->prev = due.prev->next = &due;
	head->next = head->prev = head;
	while (due.next != &due) {
		struct timer *t = due.next;

		unlink_timer(t);
		if (t->place > w->tick || t->deadline_ms > now_ms) {
			link_timer(w, t);
			continue;
		}
		w->set--;
		fire(arg, t);
	}
}

void wheel_advance(struct wheel *w, uint64_t now_ms, wheel_fire *fire, void *arg)
{
	uint64_t last = now_ms / WHEEL_TICK_MS;

	/* After a long pause one round over the slots sees every timer. */
	if (last > w->tick + WHEEL_SLOTS)
		w->tick = last - WHEEL_SLOTS;
	while (w->tick <= last) {
		if (w->set > 0)
			walk_slot(w, now_ms, fire, arg);
		w->tick++;
	}
}

uint64_t wheel_wait_ms(const struct wheel *w, uint64_t now_ms, uint64_t most)
{
	if (w->set == 0)
		return most;
	for (uint64_t i = 0; i < WHEEL_SLOTS; i++) {
		uint64_t at_ms = (w->tick + i) * WHEEL_TICK_MS;
		uint64_t wait = at_ms > now_ms ? at_ms - now_ms : 0;
		const struct timer *head = &w->slots[(w->tick + i) % WHEEL_SLOTS];

		if (wait >= most)
			return most;
		if (head->next != head)
			return wait;
	}
	return most;
}
