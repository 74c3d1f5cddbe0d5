/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_config_file.c: whole files: the samples of config/, reference.conf against the defaults, and
 * what is said about files that aren't right. TEST_CONFIG_DIR is the folder of the samples.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <thole/config.h>

#include "port/config.h"
#include "test.h"

/* Writes @p bytes into a file of their own and loads that. */
static int
load_bytes(struct thole_config *config, const char *text, size_t bytes, struct thole_why *why)
{
	char path[] = "/tmp/thole-test-XXXXXX";
	int fd = mkstemp(path), result;

	CU_ASSERT_TRUE_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, text, bytes), (ssize_t)bytes);
	close(fd);
	thole_config_init(config);
	result = thole_config_load(config, path, why);
	if (result != 0 && why != NULL && strstr(why->text, path) == NULL) {
		printf("# file not named: %s\n", why->text);
		CU_FAIL("the line doesn't name the file");
	}
	unlink(path);
	return result;
}

static void
refuses(const char *text, const char *part)
{
	struct thole_config config;
	struct thole_why why = { "" };

	CU_ASSERT_EQUAL(load_bytes(&config, text, strlen(text), &why), -EINVAL);
	if (strstr(why.text, part) == NULL)
		printf("# said: %s\n", why.text);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, part));
	thole_config_fini(&config);
	CU_ASSERT_EQUAL(load_bytes(&config, text, strlen(text), NULL), -EINVAL);
	thole_config_fini(&config);
}

static void
reads(void)
{
	static const char text[] = "# comment\r\n\n  [port]  # another\n device=net_tap0\r\n"
				   "rx_desc = 256 # few\n[tcp]\n\tmsl = 5s\nmsl = 6s\n[port]\n"
				   "promiscuous = yes\n[eal]\nargs = -l 0\nargs = -v\n"
				   "[stack]\naddress = 10.0.0.2/24\naddress1 = 10.0.1.2/24";
	struct thole_config config;
	struct thole_why why = { "" };

	CU_ASSERT_EQUAL(load_bytes(&config, text, sizeof(text) - 1, &why), 0);
	CU_ASSERT_STRING_EQUAL(why.text, "");
	CU_ASSERT_STRING_EQUAL(config.port.device, "net_tap0");
	CU_ASSERT_EQUAL(config.port.rx_desc, 256);
	CU_ASSERT_TRUE(config.port.promiscuous);
	CU_ASSERT_EQUAL(config.worker.stack.tcp.msl_ns, UINT64_C(6000000000));
	CU_ASSERT_EQUAL(config.nb_eal_args, 3);
	CU_ASSERT_EQUAL(config.worker.stack.nb_addresses, 2);
	/* A second file goes over the first. */
	CU_ASSERT_EQUAL(thole_config_load(&config, TEST_CONFIG_DIR "/tap.conf", &why), 0);
	CU_ASSERT_EQUAL(config.port.rx_desc, 512);
	CU_ASSERT_EQUAL(config.worker.stack.nb_addresses, 1);
	CU_ASSERT_EQUAL(config.worker.stack.tcp.msl_ns, UINT64_C(6000000000));
	thole_config_fini(&config);
	CU_ASSERT_EQUAL(load_bytes(&config, "", 0, &why), 0);
	thole_config_fini(&config);
}

static void
names_the_line(void)
{
	char text[700];

	refuses("[tcp]\nmsl 30s\n", "line 2: neither");
	refuses("msl = 30s\n", "line 1: a key before");
	refuses("\n\n[tcp\nmsl = 30s\n", "line 3: a section");
	refuses("[tcp] msl = 30s\n", "line 1: a section");
	refuses("[]\n", "line 1: a section's name");
	refuses("[tcp]\nmsl =\n", "line 2: no value");
	refuses("[tcp]\nmsl = # 30s\n", "line 2: no value");
	refuses("[tcp]\n= 30s\n", "line 2: the key");
	snprintf(text, sizeof(text), "[tcp]\nmsl = %0300d\n", 1);
	refuses(text, "line 2: the value is too long");
	snprintf(text, sizeof(text), "[tcp]\nmsl = %0500d\n", 1);
	refuses(text, "line 2: the line is too long");
	snprintf(text, sizeof(text), "[tcp]\n%0100d = 1\n", 1);
	refuses(text, "line 2: the key is too long");
}

static void
names_the_key(void)
{
	refuses("[tpc]\n", "[tpc]: no such section; is it [tcp]?");
	refuses("[tcp]\nmsll = 3s\n", "[tcp] msll: no such key; is it msl?");
	refuses("[tcp]\nmsl = 3\n", "[tcp] msl = 3: not a time");
	refuses("[port]\nmsl = 3s\n", "[port] msl: no such key");
}

static void
not_text(void)
{
	struct thole_config config;
	struct thole_why why = { "" };

	CU_ASSERT_EQUAL(load_bytes(&config, "[tcp]\nms\0l = 3\n", 15, &why), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "line 2: a zero byte"));
	thole_config_fini(&config);
	thole_config_init(&config);
	CU_ASSERT_EQUAL(thole_config_load(&config, "/tmp/thole-no-such-file", &why), -ENOENT);
	CU_ASSERT_STRING_EQUAL(
		why.text, "/tmp/thole-no-such-file: can't be read: No such file or directory");
	CU_ASSERT_EQUAL(thole_config_load(&config, "/tmp/thole-no-such-file", NULL), -ENOENT);
	CU_ASSERT_EQUAL(thole_config_load(&config, "/tmp", &why), -EISDIR);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "/tmp: can't be read"));
	thole_config_fini(&config);
}

static void
samples_load(void)
{
	DIR *dir = opendir(TEST_CONFIG_DIR);
	unsigned int n = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		struct thole_config config;
		struct thole_why why = { "" };
		size_t length = strlen(e->d_name);
		char path[512];

		if (length < 6 || strcmp(e->d_name + length - 5, ".conf") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", TEST_CONFIG_DIR, e->d_name);
		thole_config_init(&config);
		CU_ASSERT_EQUAL(thole_config_load(&config, path, &why), 0);
		if (why.text[0] != '\0')
			printf("# said: %s\n", why.text);
		/* All but the two without a device of their own can be run as they are. */
		if (strcmp(e->d_name, "ring.conf") != 0 &&
			strcmp(e->d_name, "reference.conf") != 0) {
			CU_ASSERT_NOT_EQUAL(config.device[0], '\0');
			CU_ASSERT_EQUAL(config.worker.stack.nb_addresses, 1);
			CU_ASSERT_TRUE(config.nb_eal_args >= 3);
		}
		thole_config_fini(&config);
		n++;
	}
	closedir(dir);
	CU_ASSERT_EQUAL(n, 8);
}

/* The bytes of a key's member; 0 for lists and arguments, which have no default. */
static size_t
member_bytes(const struct config_key *key)
{
	switch (key->kind) {
	case CONFIG_U8:
	case CONFIG_BOOL:
	case CONFIG_CC:
	case CONFIG_COOKIES:
		return 1;
	case CONFIG_U16:
		return 2;
	case CONFIG_U32:
		return 4;
	case CONFIG_U64:
	case CONFIG_TIME:
		return 8;
	case CONFIG_DEVICE:
	case CONFIG_ADDR:
	case CONFIG_MAC:
	case CONFIG_ADDRESSES:
	case CONFIG_ARGS:
	case CONFIG_ARG:
		return 0;
	}
	return 0;
}

static void
reference_has_defaults(void)
{
	struct thole_config defaults, config;
	struct thole_why why = { "" };

	thole_config_init(&defaults);
	thole_config_init(&config);
	/* Not the default anywhere: what reference.conf leaves out keeps it. */
	for (size_t i = 0; i < config_nb_keys; i++)
		memset((uint8_t *)&config + config_keys[i].offset, 0x5a,
			member_bytes(&config_keys[i]));
	CU_ASSERT_EQUAL(thole_config_load(&config, TEST_CONFIG_DIR "/reference.conf", &why), 0);
	for (size_t i = 0; i < config_nb_keys; i++) {
		const struct config_key *key = &config_keys[i];

		if (memcmp((uint8_t *)&config + key->offset, (uint8_t *)&defaults + key->offset,
			    member_bytes(key)) == 0)
			continue;
		printf("# [%s] %s isn't in reference.conf with its default\n", key->section,
			key->name);
		CU_FAIL("reference.conf");
	}
	thole_config_fini(&config);
	thole_config_fini(&defaults);
}

/* Every key stands in reference.conf, be it commented out, in its section. */
static void
reference_has_all_keys(void)
{
	FILE *f = fopen(TEST_CONFIG_DIR "/reference.conf", "re");
	char line[300], section[64] = "", name[64];
	bool seen[128] = { false };

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_TRUE_FATAL(config_nb_keys <= 128);
	while (fgets(line, sizeof(line), f) != NULL) {
		const char *p = line[0] == '#' ? line + 1 : line;

		if (sscanf(line, "[%63[a-z]]", section) == 1)
			continue;
		if (sscanf(p, "%63[a-z_] =", name) != 1 || strstr(p, " = ") == NULL)
			continue;
		for (size_t i = 0; i < config_nb_keys; i++)
			if (strcmp(config_keys[i].section, section) == 0 &&
				strcmp(config_keys[i].name, name) == 0)
				seen[i] = true;
	}
	fclose(f);
	for (size_t i = 0; i < config_nb_keys; i++) {
		if (!seen[i])
			printf("# [%s] %s is missing\n", config_keys[i].section,
				config_keys[i].name);
		CU_ASSERT_TRUE(seen[i]);
	}
}

static const struct test_case cases[] = {
	{ "reads sections, comments, repeated keys", reads },
	{ "a slip in the form is told with its line", names_the_line },
	{ "a slip in a name or value with section and key", names_the_key },
	{ "missing files, folders, bytes that aren't text", not_text },
	{ "every sample loads", samples_load },
	{ "reference.conf has the defaults", reference_has_defaults },
	{ "reference.conf has every key", reference_has_all_keys },
	{ NULL, NULL },
};

const struct test_suite suite_config_file = { "config_file", cases };
