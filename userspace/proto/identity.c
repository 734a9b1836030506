/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/identity.h"

#include "proto/template.h"

void identity_headers_key(const struct identity_headers *headers, struct sink *out)
{
	must(headers->len <= IDENTITY_HEADERS_MAX);
	sink_put(out, slice_of(&headers->limits, sizeof(headers->limits)));
	for (size_t i = 0; i < headers->len; i++) {
		const struct identity_header *row = &headers->row[i];

		sink_put(out, row->name);
		sink_putc(out, '\n'); /* is in no token and in no template */
		if (row->render)
			sink_put(out, slice_of(&row->render, sizeof(row->render)));
		else
			sink_put(out, row->template);
		sink_putc(out, '\n');
	}
}

void identity_render(const struct identity_headers *headers, const struct identity_meta *meta,
                     struct sink *out)
{
	struct identity_meta limited = *meta;

	limited.limits = headers->limits;
	must(headers->len <= IDENTITY_HEADERS_MAX);
	for (size_t i = 0; i < headers->len; i++) {
		const struct identity_header *row = &headers->row[i];
		const struct sink before = *out;
		bool has_value;

		sink_put(out, row->name);
		sink_put(out, SLICE(": "));
		has_value = row->render ? row->render(&limited, out)
		                        : template_render(row->template, &limited, out);
		if (has_value)
			sink_put(out, SLICE("\r\n"));
		else
			*out = before; /* left out, with its name */
	}
}
