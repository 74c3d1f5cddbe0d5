/* SPDX-License-Identifier: BSD-3-Clause */
/* test_addr.c: addresses to and from text, and arithmetic on them. */
#include <errno.h>
#include <string.h>

#include <thole/types.h>

#include "test.h"
#include "base/prng.h"

static void
test_mapped(void)
{
	static const uint8_t want[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1 };
	struct thole_addr a = thole_addr_ip4(0x7f000001);

	CU_ASSERT_EQUAL(memcmp(a.b, want, sizeof(want)), 0);
}

static void
test_parse(void)
{
	static const struct {
		const char *text;
		uint32_t addr;
	} good[] = {
		{ "0.0.0.0", 0 },
		{ "10.0.0.2", 0x0a000002 },
		{ "192.168.255.1", 0xc0a8ff01 },
		{ "255.255.255.255", 0xffffffff },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct thole_addr a, want = thole_addr_ip4(good[i].addr);
		char text[THOLE_ADDR_TEXT];

		CU_ASSERT_EQUAL(thole_addr_parse(good[i].text, &a), 0);
		CU_ASSERT_EQUAL(memcmp(&a, &want, sizeof(a)), 0);
		CU_ASSERT_PTR_EQUAL(thole_addr_format(&a, text), text);
		CU_ASSERT_STRING_EQUAL(text, good[i].text);
	}
}

static void
test_refused(void)
{
	static const char *const bad[] = { "", " ", "10", "10.0.0", "10.0.0.", "10.0.0.256",
		"10.0.0.-1", "10.0.0.1.2", "10.0.0.1 ", " 10.0.0.1", "10.0.0.1/24", "10..0.1",
		"0x0a.0.0.1", "localhost", "10.0.0.1:80" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct thole_addr a, before;

		memset(&a, 0x5a, sizeof(a));
		before = a;
		CU_ASSERT_EQUAL(thole_addr_parse(bad[i], &a), -EINVAL);
		CU_ASSERT_EQUAL(memcmp(&a, &before, sizeof(a)), 0);
	}
}

static void
test_plus(void)
{
	uint64_t seed = 6;

	for (unsigned int i = 0; i < 1000; i++) {
		uint32_t from = (uint32_t)prng_next(&seed), n = (uint32_t)prng_next(&seed);
		struct thole_addr a = thole_addr_ip4(from), b, want;

		b = thole_addr_plus(&a, n);
		want = thole_addr_ip4(from + n);
		CU_ASSERT_EQUAL(memcmp(&b, &want, sizeof(b)), 0);
		b = thole_addr_plus(&a, 0);
		CU_ASSERT_EQUAL(memcmp(&b, &a, sizeof(b)), 0);
	}
}

static void
test_any(void)
{
	struct thole_addr a = { .b = { 0 } };

	CU_ASSERT_TRUE(thole_addr_is_any(&a));
	for (unsigned int i = 0; i < 16; i++) {
		a.b[i] = 1;
		CU_ASSERT_FALSE(thole_addr_is_any(&a));
		a.b[i] = 0;
	}
}

static const struct test_case cases[] = {
	{ "IPv4 in its mapped form", test_mapped },
	{ "text to address and back", test_parse },
	{ "what isn't an address", test_refused },
	{ "the n-th address after", test_plus },
	{ "any", test_any },
	{ NULL, NULL },
};
extern const struct test_suite suite_addr;
const struct test_suite suite_addr = { "addr", cases };
