/* SPDX-License-Identifier: BSD-3-Clause */
/* test_files.c: what is below a directory is served, what isn't is not. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../app/httpd/files.h"
#include "../test.h"

extern const struct test_suite test_files;

static char top[64];

static void
write_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	file = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs(text, file);
	fclose(file);
}

static void
make_dir(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	CU_ASSERT_EQUAL_FATAL(mkdir(path, 0755), 0);
}

static void
make_link(const char *to, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	CU_ASSERT_EQUAL_FATAL(symlink(to, path), 0);
}

/* A tree with a secret beside the root. @return the root. */
static int
make_tree(void)
{
	char path[128];

	strcpy(top, "/tmp/thole-files-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(top));
	write_file("secret", "secret");
	make_dir("root");
	make_dir("root/sub");
	make_dir("root/empty");
	make_dir("root-twin");
	write_file("root-twin/x", "x");
	write_file("root/a.txt", "hello");
	write_file("root/index.html", "index");
	write_file("root/sub/index.html", "sub index");
	make_link("a.txt", "root/good");
	make_link("../secret", "root/out");
	make_link("/etc/passwd", "root/absolute");
	make_link("..", "root/sub/up");
	make_link("../..", "root/up2");
	make_link("loop", "root/loop");
	snprintf(path, sizeof(path), "%s/root/fifo", top);
	CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0644), 0);
	snprintf(path, sizeof(path), "%s/root", top);
	return files_root(path);
}

static void
remove_tree(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", top);
	CU_ASSERT_EQUAL(system(command), 0);
}

static int
look(int root, const char *path, const char *expected)
{
	struct file file = { .fd = -1 };
	char text[64] = "";
	int status = files_open(root, path, &file);

	if (status != 200) {
		CU_ASSERT_EQUAL(file.fd, -1);
		return status;
	}
	CU_ASSERT_EQUAL(read(file.fd, text, sizeof(text) - 1), (ssize_t)file.bytes);
	close(file.fd);
	return strcmp(text, expected) == 0 ? 200 : -1;
}

static void
inside(void)
{
	int root = make_tree();

	CU_ASSERT_TRUE_FATAL(root >= 0);
	CU_ASSERT_EQUAL(look(root, "a.txt", "hello"), 200);
	CU_ASSERT_EQUAL(look(root, ".", "index"), 200);
	CU_ASSERT_EQUAL(look(root, "sub", "sub index"), 200);
	CU_ASSERT_EQUAL(look(root, "sub/", "sub index"), 200);
	CU_ASSERT_EQUAL(look(root, "sub/../a.txt", "hello"), 200);
	CU_ASSERT_EQUAL(look(root, "good", "hello"), 200);
	CU_ASSERT_EQUAL(look(root, "sub/up/a.txt", "hello"), 200);
	CU_ASSERT_EQUAL(look(root, "empty", ""), 404);
	CU_ASSERT_EQUAL(look(root, "nothing", ""), 404);
	CU_ASSERT_EQUAL(look(root, "a.txt/", ""), 404);
	CU_ASSERT_EQUAL(look(root, "a.txt/b", ""), 404);
	CU_ASSERT_EQUAL(look(root, "loop", ""), 404);
	CU_ASSERT_EQUAL(look(root, "fifo", ""), 403);
	close(root);
	remove_tree();
}

static void
outside(void)
{
	int root = make_tree();

	CU_ASSERT_TRUE_FATAL(root >= 0);
	CU_ASSERT_EQUAL(look(root, "../secret", ""), 403);
	CU_ASSERT_EQUAL(look(root, "sub/../../secret", ""), 403);
	CU_ASSERT_EQUAL(look(root, "../root-twin/x", ""), 403);
	CU_ASSERT_EQUAL(look(root, "../root/a.txt", ""), 403);
	CU_ASSERT_EQUAL(look(root, "/etc/passwd", ""), 403);
	CU_ASSERT_EQUAL(look(root, "out", ""), 403);
	CU_ASSERT_EQUAL(look(root, "absolute", ""), 403);
	CU_ASSERT_EQUAL(look(root, "up2/secret", ""), 403);
	CU_ASSERT_EQUAL(look(root, "..", ""), 403);
	close(root);
	remove_tree();
}

static void
roots(void)
{
	CU_ASSERT_EQUAL(files_root("/nonexistent/thole"), -ENOENT);
	CU_ASSERT_EQUAL(files_root("/etc/passwd"), -ENOTDIR);
}

/* A path as long as the request line allows isn't cut to another one's name. */
static void
too_long(void)
{
	char path[5000];
	int root = make_tree();

	memset(path, '/', sizeof(path));
	memcpy(path, "sub", 3);
	path[sizeof(path) - 1] = '\0';
	CU_ASSERT_EQUAL(look(root, path, ""), 404);
	path[4090] = '\0'; /* opens, but its index.html doesn't fit */
	CU_ASSERT_EQUAL(look(root, path, ""), 404);
	close(root);
	remove_tree();
}

static void
types(void)
{
	CU_ASSERT_STRING_EQUAL(files_type("a/b.HTML"), "text/html; charset=utf-8");
	CU_ASSERT_STRING_EQUAL(files_type("x.tar.gz"), "application/gzip");
	CU_ASSERT_STRING_EQUAL(files_type("x.png"), "image/png");
	CU_ASSERT_STRING_EQUAL(files_type("dir.png/file"), "application/octet-stream");
	CU_ASSERT_STRING_EQUAL(files_type("file"), "application/octet-stream");
	CU_ASSERT_STRING_EQUAL(files_type("file."), "application/octet-stream");
}

static const struct test_case cases[] = {
	{ "inside the directory", inside },
	{ "outside the directory", outside },
	{ "directories that can't be served", roots },
	{ "paths that are too long", too_long },
	{ "media types", types },
	{ NULL, NULL },
};

const struct test_suite test_files = { "apps/files", cases };
