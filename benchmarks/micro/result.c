/* SPDX-License-Identifier: BSD-3-Clause */
/* result.c: see result.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "json_file.h"
#include "result.h"

void
results_init(struct results *r, const struct options *options)
{
	*r = (struct results){
		.options = options, .figures = json_array(), .checks = json_array()
	};
}

void
results_fini(struct results *r)
{
	json_decref(r->figures);
	json_decref(r->checks);
}

void
results_head(const char *format, ...)
{
	va_list args;

	printf("\n");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n  %-40s %10s %10s %8s\n", "", "thole", "DPDK", "ratio");
	fflush(stdout);
}

void
results_fail(struct results *r, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "micro: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	r->failed = true;
}

static void
keep(struct results *r, const char *part, uint32_t entries, const char *name,
	const struct contest *c, const struct measured *m)
{
	json_array_append_new(r->figures,
		json_pack("{s:s, s:s, s:I, s:s, s:f, s:s, s:f, s:f, s:f, s:f, s:I}", "part", part,
			"name", name, "entries", (json_int_t)entries, "ours", c->ours.name,
			"ours_ns", m->ours_ns, "theirs", c->theirs.name, "theirs_ns", m->theirs_ns,
			"ratio", m->ratio, "ratio_p25", m->ratio_p25, "ratio_p75", m->ratio_p75,
			"rounds", (json_int_t)m->rounds));
	printf("  %-40s %7.1f ns %7.1f ns %8.2f  (%.2f-%.2f)  %s\n", name, m->ours_ns, m->theirs_ns,
		m->ratio, m->ratio_p25, m->ratio_p75, c->theirs.name);
	fflush(stdout);
}

void
results_run(struct results *r, const char *part, uint32_t entries, const struct contest *c)
{
	struct measured m[MEASURE_PHASES + 1];
	uint32_t figures = c->nb_phases > 1 ? c->nb_phases + 1 : 1;

	if (measure(c, r->options->seconds, m) != 0) {
		results_fail(r, "%s, %s: out of memory", part, c->name[0]);
		return;
	}
	for (uint32_t i = 0; i < figures; i++)
		keep(r, part, entries, c->name[i], c, &m[i]);
}

void
results_check(struct results *r, const char *part, uint32_t entries, const char *what,
	uint64_t expected, uint64_t ours, uint64_t theirs)
{
	json_array_append_new(
		r->checks, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "part", part, "name", what,
				   "entries", (json_int_t)entries, "expected", (json_int_t)expected,
				   "ours", (json_int_t)ours, "theirs", (json_int_t)theirs));
	if (ours != expected || theirs != expected)
		results_fail(r,
			"%s, %" PRIu32 " entries: %s should be %" PRIu64 ", is %" PRIu64
			" with thole and %" PRIu64 " with DPDK",
			part, entries, what, expected, ours, theirs);
}

int
results_write(const struct results *r, bool hugepages)
{
	json_t *top = json_pack("{s:O, s:O, s:b, s:f}", "figures", r->figures, "checks", r->checks,
		"hugepages", hugepages, "seconds", r->options->seconds);

	return json_file_write(top, r->options->json);
}
