/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main.c: thole-httpd serves the files of one directory over HTTP/1.0 and 1.1: GET and HEAD, kept
 * connections, pipelining. Files are read in the worker's own turn: fine from the page cache, slow
 * from a slow disk (--app-core keeps that off the worker).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../common/say.h"
#include "conn.h"
#include "files.h"

#define HTTPD_PORT    80
#define HTTPD_IDLE_S  15
#define HTTPD_STALL_S 30

static int
set_root(void *ctx, const char *value, struct thole_why *why)
{
	struct httpd *httpd = ctx;
	int root = files_root(value);

	if (root < 0) {
		snprintf(why->text, sizeof(why->text), "--root %.100s: %s%s", value,
			strerror(-root),
			root == -ENOSYS ? ": openat2 is needed, Linux 5.6 or later"
					: "; give a directory that can be read");
		return root;
	}
	if (httpd->root >= 0)
		close(httpd->root);
	httpd->root = root;
	return 0;
}

static int
set_seconds(const char *name, const char *value, uint64_t *ns, struct thole_why *why)
{
	uint64_t seconds;

	if (opts_number(value, 1, 86400, name, &seconds, why) != 0)
		return -EINVAL;
	*ns = seconds * 1000000000ull;
	return 0;
}

static int
set_idle(void *ctx, const char *value, struct thole_why *why)
{
	return set_seconds("--idle", value, &((struct httpd *)ctx)->idle_ns, why);
}

static int
set_stall(void *ctx, const char *value, struct thole_why *why)
{
	return set_seconds("--stall", value, &((struct httpd *)ctx)->stall_ns, why);
}

static const struct opts_def httpd_defs[] = {
	{ "port", "N", "listen at port N (80); may be given up to 16 times", server_set_port },
	{ "root", "DIR", "serve the files below DIR (.)", set_root },
	{ "idle", "SECONDS", "close kept connections without a request for so long (15)",
		set_idle },
	{ "stall", "SECONDS",
		"reset a peer that takes nothing of an answer for so long, or up to half as long "
		"again (30)",
		set_stall },
	{ NULL, NULL, NULL, NULL },
};

/* Each answer under way holds a file open. */
static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int
main(int argc, char **argv)
{
	static struct httpd httpd = {
		.server = { .ops = &http_ops,
			.bytes = sizeof(httpd),
			.init = http_init,
			.info = http_info,
			.tick = http_tick },
		.root = -1,
		.idle_ns = HTTPD_IDLE_S * 1000000000ull,
		.stall_ns = HTTPD_STALL_S * 1000000000ull,
	};
	const struct opts_program program = {
		.name = "thole-httpd",
		.summary = "Serves the files of a directory over HTTP.",
		.operands = "",
		.defs = httpd_defs,
		.ctx = &httpd,
		.many_workers = true,
	};
	static struct opts opts;
	struct thole_why why = { "" };
	int status = opts_read(&opts, &program, argc, argv);

	if (status == OPTS_GO_ON && httpd.root < 0 && set_root(&httpd, ".", &why) != 0) {
		say("%s", why.text);
		status = 1;
	}
	if (status == OPTS_GO_ON) {
		raise_file_limit();
		status = server_main(&httpd.server, &opts, HTTPD_PORT);
	}
	if (httpd.root >= 0)
		close(httpd.root);
	opts_fini(&opts);
	return status;
}
