/* SPDX-License-Identifier: BSD-3-Clause */
/* config.c: struct thole_config from a file (rte_cfgfile) and from single settings. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cfgfile.h>

#include "port/compat.h"
#include "base/time.h"
#include "port/config.h"
#include "port/why.h"

#define CONFIG_COMMENT '#'
#define MIB	       (UINT64_C(1) << 20)

void
thole_config_init(struct thole_config *config)
{
	*config = (struct thole_config){ 0 };
	thole_port_config_init(&config->port);
	thole_worker_config_init(&config->worker);
	config->worker.idle.sleep = true;
	config->port.rx_interrupts = true;
	config->port.device = config->device;
	config->worker.stack.addresses = config->addresses;
	config->drain_ns = 5 * TIME_S;
}

void
thole_config_fini(struct thole_config *config)
{
	for (int i = 0; i < config->nb_eal_args; i++)
		free(config->eal_args[i]);
	config->nb_eal_args = 0;
}

int
thole_config_set(struct thole_config *config, const char *section, const char *key,
	const char *value, struct thole_why *why)
{
	const struct config_key *found;
	const char *nearest;
	unsigned int index;
	bool section_known;
	char prefix[160];
	int error;

	found = config_find(section, key, &index, &nearest, &section_known);
	if (!section_known)
		return why_set(why, -EINVAL,
			nearest != NULL
				? "[%s]: no such section; is it [%s]?"
				: "[%s]: no such section; there are eal, port, worker, stack, tcp",
			section, nearest);
	if (found == NULL)
		return why_set(why, -EINVAL,
			nearest != NULL
				? "[%s] %s: no such key; is it %s?"
				: "[%s] %s: no such key; config/reference.conf has them all",
			section, key, nearest);
	error = config_assign(config, found, index, value, why);
	if (error != 0) {
		snprintf(prefix, sizeof(prefix), "[%.24s] %.32s = %.80s", section, key, value);
		why_prepend(why, prefix);
	}
	return error;
}

/* The line without comment and blanks around it, as rte_cfgfile reads it. */
static char *
strip(char *line)
{
	char *comment = strchr(line, CONFIG_COMMENT);

	if (comment != NULL && (comment == line || comment[-1] != '\\'))
		*comment = '\0';
	while (isspace((unsigned char)*line))
		line++;
	for (size_t n = strlen(line); n > 0 && isspace((unsigned char)line[n - 1]); n--)
		line[n - 1] = '\0';
	return line;
}

/* What is wrong with a line, or NULL. */
static const char *
check_line(char *line, bool *in_section)
{
	char *equals;

	if (line[0] == '\0')
		return NULL;
	if (line[0] == '[') {
		char *end = strchr(line, ']');

		if (end == NULL || end[1] != '\0')
			return "a section is one word in brackets, such as [tcp]";
		if (end - line - 1 >= CFG_NAME_LEN || end == line + 1)
			return "a section's name is too long or missing";
		*in_section = true;
		return NULL;
	}
	equals = strchr(line, '=');
	if (equals == NULL)
		return "neither a [section] nor key = value";
	if (!*in_section)
		return "a key before the first [section]";
	*equals = '\0';
	if (strip(line)[0] == '\0' || equals - line >= CFG_NAME_LEN)
		return "the key is too long or missing";
	if (strip(equals + 1)[0] == '\0')
		return "no value after the =";
	if (strlen(strip(equals + 1)) >= CFG_VALUE_LEN)
		return "the value is too long: 255 letters at most";
	return NULL;
}

/*
 * rte_cfgfile passes over lines that it can't read, cuts what is too long, and tells only the log
 * about the rest: so the form is looked at here first, and a slip has a line number.
 */
static int
check_form(const char *path, struct thole_why *why)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	bool in_section = false;
	int error = 0;
	ssize_t length;

	if (f == NULL)
		return why_set(why, -errno, "can't be read: %s", strerror(errno));
	for (unsigned int number = 1; error == 0; number++) {
		errno = 0;
		length = getline(&line, &room, f);
		if (length < 0)
			break;
		const char *wrong = strlen(line) != (size_t)length ? "a zero byte: not a text file"
				    : length >= CFG_NAME_LEN + CFG_VALUE_LEN
					    ? "the line is too long"
					    : check_line(strip(line), &in_section);

		if (wrong != NULL)
			error = why_set(why, -EINVAL, "line %u: %s", number, wrong);
	}
	if (error == 0 && ferror(f))
		error = why_set(why, errno != 0 ? -errno : -EIO, "can't be read: %s",
			strerror(errno != 0 ? errno : EIO));
	free(line);
	fclose(f);
	return error;
}

/* Sets all keys of section number @p i. */
static int
load_section(struct thole_config *config, struct rte_cfgfile *file, int i, struct thole_why *why)
{
	char section[CFG_NAME_LEN];
	int n = rte_cfgfile_section_num_entries_by_index(file, section, i);
	struct rte_cfgfile_entry *entries;
	const char *nearest;
	unsigned int index;
	bool known;
	int error = 0;

	/* An empty section must be one that there is, too. */
	(void)config_find(section, "", &index, &nearest, &known);
	if (!known)
		return thole_config_set(config, section, "", "", why);
	if (n <= 0)
		return 0;
	entries = calloc((size_t)n, sizeof(*entries));
	if (entries == NULL)
		return why_set(why, -ENOMEM, "out of memory");
	n = rte_cfgfile_section_entries_by_index(file, i, section, entries, n);
	for (int e = 0; e < n && error == 0; e++)
		error = thole_config_set(config, section, entries[e].name, entries[e].value, why);
	free(entries);
	return error;
}

int
thole_config_load(struct thole_config *config, const char *path, struct thole_why *why)
{
	const struct rte_cfgfile_parameters form = { .comment_character = CONFIG_COMMENT };
	int error = check_form(path, why);

	if (error == 0) {
		struct rte_cfgfile *file = rte_cfgfile_load_with_params(path, 0, &form);

		if (file == NULL)
			error = why_set(why, -EINVAL, "rte_cfgfile can't read it");
		for (int i = 0; error == 0 && i < rte_cfgfile_num_sections(file, NULL, 0); i++)
			error = load_section(config, file, i, why);
		if (file != NULL)
			rte_cfgfile_close(file);
	}
	if (error != 0)
		why_prepend(why, path);
	return error;
}
