/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * config.h: the table of configuration keys, and how a value's text becomes a member of struct
 * thole_config. Files and single settings go through the same table.
 */
#ifndef PORT_CONFIG_H
#define PORT_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include <thole/config.h>

enum config_kind {
	CONFIG_U8, /* number with k, M, G */
	CONFIG_U16,
	CONFIG_U32,
	CONFIG_U64,
	CONFIG_BOOL,   /* yes, no, true, false, on, off, 1, 0 */
	CONFIG_TIME,   /* uint64_t ns */
	CONFIG_DEVICE, /* text: the device's name */
	CONFIG_ADDR,   /* one address */
	CONFIG_MAC,
	CONFIG_CC,	  /* uint8_t: enum thole_cc by name */
	CONFIG_COOKIES,	  /* uint8_t: enum thole_syn_cookies by name */
	CONFIG_ADDRESSES, /* address, address1, ...: an entry of the list */
	CONFIG_ARGS,	  /* EAL arguments, split at blanks; added to what there is */
	CONFIG_ARG,	  /* one EAL argument as it is */
};

struct config_key {
	const char *section;
	const char *name;
	enum config_kind kind;
	size_t offset; /* of the member in struct thole_config */
	uint64_t min;  /* numbers and times */
	uint64_t max;
};

extern const struct config_key config_keys[];
extern const size_t config_nb_keys;

/**
 * The key of that name; for a numbered one (address3) *index is its number, else 0. NULL when there
 * is none, and *nearest then is the name or section most like it, or NULL.
 */
const struct config_key *config_find(const char *section, const char *name, unsigned int *index,
	const char **nearest, bool *section_known);

/** Reads @p value into @p config. @return 0, -EINVAL or -ENOMEM; @p why then says what is wrong
 * with the value. */
int config_assign(struct thole_config *config, const struct config_key *key, unsigned int index,
	const char *value, struct thole_why *why);

#endif
