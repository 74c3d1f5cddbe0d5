/* SPDX-License-Identifier: BSD-3-Clause */
/* config_value.c: values from text: numbers, times, addresses, EAL arguments. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "port/config.h"
#include "port/why.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/* Digits and a unit of @p units. @return 0, -EINVAL: no number or no such unit, -ERANGE. */
static int
parse_units(const char *text, const struct unit *units, uint64_t *out)
{
	char *end;
	unsigned long long n;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno != 0)
		return -ERANGE;
	while (*end == ' ')
		end++;
	for (; units->name != NULL; units++)
		if (strcmp(end, units->name) == 0)
			return __builtin_mul_overflow((uint64_t)n, units->factor, out) ? -ERANGE
										       : 0;
	return -EINVAL;
}

static const struct unit count_units[] = {
	{ "", 1 },
	{ "k", UINT64_C(1) << 10 },
	{ "K", UINT64_C(1) << 10 },
	{ "M", UINT64_C(1) << 20 },
	{ "G", UINT64_C(1) << 30 },
	{ NULL, 0 },
};

static const struct unit time_units[] = {
	{ "ns", 1 },
	{ "us", TIME_US },
	{ "ms", TIME_MS },
	{ "s", TIME_S },
	{ "min", 60 * TIME_S },
	{ NULL, 0 },
};

/* A time in the largest unit that divides it. */
static const char *
format_time(uint64_t ns, char *buf, size_t bytes)
{
	const struct unit *unit = &time_units[0];

	for (const struct unit *u = time_units; u->name != NULL; u++)
		if (ns != 0 && ns % u->factor == 0)
			unit = u;
	snprintf(buf, bytes, "%" PRIu64 "%s", ns / unit->factor, unit->name);
	return buf;
}

static int
parse_number(const struct config_key *key, const char *value, uint64_t *out, struct thole_why *why)
{
	int error = parse_units(value, count_units, out);

	if (error == -EINVAL)
		return why_set(why, -EINVAL, "not a number (digits, then k, M or G if you like)");
	if (error != 0 || *out < key->min || *out > key->max)
		return why_set(
			why, -EINVAL, "out of range: %" PRIu64 " to %" PRIu64, key->min, key->max);
	return 0;
}

static int
parse_time(const struct config_key *key, const char *value, uint64_t *out, struct thole_why *why)
{
	char min[32], max[32];
	int error;

	if (strcmp(value, "0") == 0) { /* the same in every unit */
		*out = 0;
		error = 0;
	} else {
		error = parse_units(value, time_units, out);
	}
	if (error == -EINVAL)
		return why_set(why, -EINVAL, "not a time: whole digits and ns, us, ms, s or min");
	if (error != 0 || *out < key->min || *out > key->max)
		return why_set(why, -EINVAL, "out of range: %s to %s",
			format_time(key->min, min, sizeof(min)),
			format_time(key->max, max, sizeof(max)));
	return 0;
}

static int
parse_bool(const char *value, bool *out, struct thole_why *why)
{
	static const char *const words[][2] = { { "no", "yes" }, { "false", "true" },
		{ "off", "on" }, { "0", "1" } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (int b = 0; b < 2; b++)
			if (strcmp(value, words[i][b]) == 0) {
				*out = b == 1;
				return 0;
			}
	return why_set(why, -EINVAL, "say yes or no");
}

static int
parse_mac(const char *value, struct rte_ether_addr *out, struct thole_why *why)
{
	struct rte_ether_addr mac;

	if (strlen(value) != RTE_ETHER_ADDR_FMT_SIZE - 1 ||
		rte_ether_unformat_addr(value, &mac) != 0)
		return why_set(why, -EINVAL, "not a MAC address, such as 02:00:00:00:00:01");
	if (!rte_is_valid_assigned_ether_addr(&mac))
		return why_set(why, -EINVAL, "no station may have this address: multicast or zero");
	*out = mac;
	return 0;
}

static int
parse_name(const char *value, const char *const *names, uint8_t n, uint8_t *out)
{
	for (uint8_t i = 0; i < n; i++)
		if (strcmp(value, names[i]) == 0) {
			*out = i;
			return 0;
		}
	return -EINVAL;
}

static int
parse_cc(const char *value, uint8_t *out, struct thole_why *why)
{
	static const char *const names[THOLE_CC_COUNT] = {
		[THOLE_CC_CUBIC] = "cubic",
		[THOLE_CC_NEWRENO] = "newreno",
		[THOLE_CC_DCTCP] = "dctcp",
	};

	if (parse_name(value, names, THOLE_CC_COUNT, out) == 0)
		return 0;
	return why_set(why, -EINVAL, "say cubic, newreno or dctcp");
}

static int
parse_cookies(const char *value, uint8_t *out, struct thole_why *why)
{
	static const char *const names[THOLE_SYN_COOKIES_COUNT] = {
		[THOLE_SYN_COOKIES_OFF] = "off",
		[THOLE_SYN_COOKIES_AUTO] = "auto",
		[THOLE_SYN_COOKIES_ALWAYS] = "always",
	};

	if (parse_name(value, names, THOLE_SYN_COOKIES_COUNT, out) == 0)
		return 0;
	return why_set(why, -EINVAL, "say off, auto or always");
}

/* "10.0.0.2/24", "10.0.0.2+100/16". */
static int
parse_address(const char *value, struct thole_address *out, struct thole_why *why)
{
	static const struct unit plain[] = { { "", 1 }, { NULL, 0 } };
	struct thole_address a = { .count = 1 };
	char text[64];
	uint64_t n;

	if (strlen(value) >= sizeof(text))
		return why_set(why, -EINVAL, "too long for an address");
	strcpy(text, value);
	char *slash = strchr(text, '/');

	if (slash == NULL)
		return why_set(why, -EINVAL, "needs the link's prefix length, such as %s/24", text);
	*slash = '\0';
	if (parse_units(slash + 1, plain, &n) != 0 || n > 32)
		return why_set(why, -EINVAL, "prefix length '%s' isn't 0 to 32", slash + 1);
	a.prefix_len = (uint8_t)n;
	char *plus = strchr(text, '+');

	if (plus != NULL) {
		*plus = '\0';
		if (parse_units(plus + 1, plain, &n) != 0 || n == 0 || n > UINT32_MAX)
			return why_set(why, -EINVAL, "'+%s' isn't a number of addresses", plus + 1);
		a.count = (uint32_t)n;
	}
	if (thole_addr_parse(text, &a.first) != 0)
		return why_set(why, -EINVAL, "'%s' isn't an address, such as 10.0.0.2", text);
	uint32_t first = (uint32_t)a.first.b[12] << 24 | (uint32_t)a.first.b[13] << 16 |
			 (uint32_t)a.first.b[14] << 8 | a.first.b[15];

	/* 0.0.0.0/8, multicast and what is above name no station (RFC 1122, 3.2.1.3). */
	if (first >> 24 == 0 || (uint64_t)first + a.count - 1 >= UINT64_C(0xe0000000))
		return why_set(why, -EINVAL, "no station may have such an address");
	if (a.prefix_len != 0 && ((first ^ (first + a.count - 1)) >> (32 - a.prefix_len)) != 0)
		return why_set(why, -EINVAL, "%u addresses from %s on aren't all in one /%u",
			a.count, text, a.prefix_len);
	*out = a;
	return 0;
}

/* address starts the list anew, address1 and on add to it or replace: so that a command line can.
 */
static int
assign_address(
	struct thole_config *config, unsigned int index, const char *value, struct thole_why *why)
{
	struct thole_stack_config *stack = &config->worker.stack;
	struct thole_address address;
	int error;

	if (index >= THOLE_CONFIG_ADDRESSES)
		return why_set(why, -EINVAL, "there can be %d address lines: address, then 1 to %d",
			THOLE_CONFIG_ADDRESSES, THOLE_CONFIG_ADDRESSES - 1);
	if (index > stack->nb_addresses)
		return why_set(why, -EINVAL, "address%u comes first: number them without a gap",
			(unsigned int)stack->nb_addresses);
	error = parse_address(value, &address, why);
	if (error != 0)
		return error;
	config->addresses[index] = address;
	if (index == 0 || index == stack->nb_addresses)
		stack->nb_addresses = (uint16_t)(index + 1);
	stack->addresses = config->addresses;
	return 0;
}

static int
add_arg(struct thole_config *config, const char *text, size_t length, struct thole_why *why)
{
	if (config->nb_eal_args == THOLE_CONFIG_EAL_ARGS)
		return why_set(why, -EINVAL, "more than %d EAL arguments", THOLE_CONFIG_EAL_ARGS);
	char *arg = strndup(text, length);

	if (arg == NULL)
		return why_set(why, -ENOMEM, "out of memory");
	config->eal_args[config->nb_eal_args++] = arg;
	return 0;
}

static int
add_args(struct thole_config *config, const char *value, struct thole_why *why)
{
	const char *p = value;

	for (;;) {
		p += strspn(p, " \t");
		if (*p == '\0')
			return 0;
		size_t length = strcspn(p, " \t");
		int error = add_arg(config, p, length, why);

		if (error != 0)
			return error;
		p += length;
	}
}

static int
assign_device(struct thole_config *config, const char *value, struct thole_why *why)
{
	size_t length = strlen(value);

	if (length == 0 || length >= sizeof(config->device))
		return why_set(why, -EINVAL, "a device's name has 1 to %zu letters",
			sizeof(config->device) - 1);
	memcpy(config->device, value, length + 1);
	config->port.device = config->device;
	return 0;
}

static int
assign_number(void *member, const struct config_key *key, size_t bytes, const char *value,
	struct thole_why *why)
{
	uint64_t n = 0;
	int error = parse_number(key, value, &n, why);

	if (error != 0)
		return error;
	const uint8_t n8 = (uint8_t)n;
	const uint16_t n16 = (uint16_t)n;
	const uint32_t n32 = (uint32_t)n;
	const void *from = bytes == 1	? (const void *)&n8
			   : bytes == 2 ? (const void *)&n16
			   : bytes == 4 ? (const void *)&n32
					: (const void *)&n;

	memcpy(member, from, bytes);
	return 0;
}

int
config_assign(struct thole_config *config, const struct config_key *key, unsigned int index,
	const char *value, struct thole_why *why)
{
	void *member = (uint8_t *)config + key->offset;

	switch (key->kind) {
	case CONFIG_U8:
		return assign_number(member, key, 1, value, why);
	case CONFIG_U16:
		return assign_number(member, key, 2, value, why);
	case CONFIG_U32:
		return assign_number(member, key, 4, value, why);
	case CONFIG_U64:
		return assign_number(member, key, 8, value, why);
	case CONFIG_BOOL:
		return parse_bool(value, member, why);
	case CONFIG_TIME: {
		uint64_t ns;
		int error = parse_time(key, value, &ns, why);

		if (error == 0)
			memcpy(member, &ns, sizeof(ns));
		return error;
	}
	case CONFIG_DEVICE:
		return assign_device(config, value, why);
	case CONFIG_ADDR:
		return thole_addr_parse(value, member) == 0
			       ? 0
			       : why_set(why, -EINVAL, "not an address, such as 10.0.0.1");
	case CONFIG_MAC:
		return parse_mac(value, member, why);
	case CONFIG_CC:
		return parse_cc(value, member, why);
	case CONFIG_COOKIES:
		return parse_cookies(value, member, why);
	case CONFIG_ADDRESSES:
		return assign_address(config, index, value, why);
	case CONFIG_ARGS:
		return add_args(config, value, why);
	case CONFIG_ARG:
		return add_arg(config, value, strlen(value), why);
	}
	return -EINVAL;
}
