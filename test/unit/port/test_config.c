/* SPDX-License-Identifier: BSD-3-Clause */
/* test_config.c: single settings: every kind of value, its bounds, and what is said about a bad
 * one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <thole/config.h>

#include "port/config.h"
#include "test.h"

static struct thole_config config;

static int
set(const char *section, const char *key, const char *value)
{
	struct thole_why why = { "" };

	return thole_config_set(&config, section, key, value, &why);
}

/* Refused with a line that has both parts; and refused all the same when nobody asks why. */
static void
refuses(const char *section, const char *key, const char *value, const char *part)
{
	struct thole_why why = { "" };
	char name[96];

	CU_ASSERT_EQUAL(thole_config_set(&config, section, key, value, &why), -EINVAL);
	snprintf(name, sizeof(name), "[%s]", section);
	if (strstr(why.text, part) == NULL || strstr(why.text, name) == NULL)
		printf("# said: %s\n", why.text);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, name));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, part));
	CU_ASSERT_EQUAL(thole_config_set(&config, section, key, value, NULL), -EINVAL);
}

static void
numbers(void)
{
	thole_config_init(&config);
	CU_ASSERT_EQUAL(set("stack", "max_conns", "1M"), 0);
	CU_ASSERT_EQUAL(config.worker.stack.max_conns, 1048576);
	CU_ASSERT_EQUAL(set("stack", "max_conns", "12345"), 0);
	CU_ASSERT_EQUAL(config.worker.stack.max_conns, 12345);
	CU_ASSERT_EQUAL(set("port", "rx_desc", "2k"), 0);
	CU_ASSERT_EQUAL(config.port.rx_desc, 2048);
	CU_ASSERT_EQUAL(config.port.tx_desc, 1024);
	CU_ASSERT_EQUAL(set("stack", "arp_tries", "255"), 0);
	CU_ASSERT_EQUAL(config.worker.stack.arp_tries, 255);
	CU_ASSERT_EQUAL(set("stack", "seed", "18446744073709551615"), 0);
	CU_ASSERT_EQUAL(config.worker.stack.seed, UINT64_MAX);

	refuses("stack", "max_conns", "0", "1 to 16777216");
	refuses("stack", "max_conns", "16777217", "1 to 16777216");
	refuses("stack", "max_conns", "-1", "not a number");
	refuses("stack", "max_conns", "", "not a number");
	refuses("stack", "max_conns", "1x", "not a number");
	refuses("stack", "max_conns", "1 1", "not a number");
	refuses("stack", "max_conns", "99999999999999999999", "out of range");
	refuses("stack", "seed", "17179869184G", "out of range");
	refuses("stack", "arp_tries", "256", "1 to 255");
	refuses("port", "rx_desc", "64k", "1 to 65535");
	CU_ASSERT_EQUAL(config.worker.stack.max_conns, 12345);
	CU_ASSERT_EQUAL(config.port.rx_desc, 2048);
	thole_config_fini(&config);
}

static void
times(void)
{
	struct thole_tcp_params *tcp = &config.worker.stack.tcp;

	thole_config_init(&config);
	CU_ASSERT_EQUAL(set("tcp", "msl", "1min"), 0);
	CU_ASSERT_EQUAL(tcp->msl_ns, UINT64_C(60000000000));
	CU_ASSERT_EQUAL(set("tcp", "msl", "2 s"), 0);
	CU_ASSERT_EQUAL(tcp->msl_ns, UINT64_C(2000000000));
	CU_ASSERT_EQUAL(set("tcp", "rto_min", "1500us"), 0);
	CU_ASSERT_EQUAL(tcp->rto_min_ns, 1500000);
	CU_ASSERT_EQUAL(set("tcp", "rto_min", "1234567ns"), 0);
	CU_ASSERT_EQUAL(tcp->rto_min_ns, 1234567);
	CU_ASSERT_EQUAL(set("tcp", "delayed_ack", "0"), 0);
	CU_ASSERT_EQUAL(tcp->delayed_ack_ns, 0);

	refuses("tcp", "msl", "30", "ns, us, ms, s or min");
	refuses("tcp", "msl", "0.5s", "not a time");
	refuses("tcp", "msl", "s", "not a time");
	refuses("tcp", "msl", "0", "out of range: 1ms to 60min");
	refuses("tcp", "msl", "2000000000000s", "out of range");
	refuses("tcp", "delayed_ack", "501ms", "out of range");
	CU_ASSERT_EQUAL(set("tcp", "peer_delayed_ack", "0"), 0);
	CU_ASSERT_EQUAL(tcp->peer_delayed_ack_ns, 0);
	refuses("tcp", "peer_delayed_ack", "501ms", "out of range");
	CU_ASSERT_EQUAL(set("tcp", "syn_ack_give_up", "60min"), 0);
	CU_ASSERT_EQUAL(tcp->syn_ack_give_up_ns, UINT64_C(3600000000000));
	refuses("tcp", "syn_ack_give_up", "3601s", "out of range: 1ms to 60min");
	CU_ASSERT_EQUAL(set("tcp", "keepalive_time", "10min"), 0);
	CU_ASSERT_EQUAL(tcp->keepalive_ns, UINT64_C(600000000000));
	CU_ASSERT_EQUAL(set("tcp", "keepalive_interval", "5s"), 0);
	CU_ASSERT_EQUAL(tcp->keepalive_interval_ns, UINT64_C(5000000000));
	refuses("tcp", "keepalive_time", "999ms", "out of range");
	refuses("tcp", "keepalive_probes", "0", "1 to 255");
	CU_ASSERT_EQUAL(set("tcp", "ttl", "255"), 0);
	CU_ASSERT_EQUAL(tcp->ttl, 255);
	refuses("tcp", "ttl", "0", "1 to 255");
	CU_ASSERT_EQUAL(set("tcp", "dscp", "46"), 0);
	CU_ASSERT_EQUAL(tcp->dscp, 46);
	refuses("tcp", "dscp", "64", "0 to 63");
	CU_ASSERT_EQUAL(tcp->msl_ns, UINT64_C(2000000000));
	thole_config_fini(&config);
}

static void
words(void)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	thole_config_init(&config);
	for (int i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(set("tcp", "no_delay", yes[i]), 0);
		CU_ASSERT_TRUE(config.worker.stack.tcp.no_delay);
		CU_ASSERT_EQUAL(set("tcp", "no_delay", no[i]), 0);
		CU_ASSERT_FALSE(config.worker.stack.tcp.no_delay);
	}
	refuses("tcp", "no_delay", "maybe", "yes or no");
	CU_ASSERT_EQUAL(set("stack", "mac", "02:00:00:0a:0B:0c"), 0);
	CU_ASSERT_EQUAL(config.worker.stack.mac.addr_bytes[5], 0x0c);
	refuses("stack", "mac", "02:00:00:0a:0b", "not a MAC");
	refuses("stack", "mac", "02:00:00:0a:0b:zz", "not a MAC");
	refuses("stack", "mac", "01:00:5e:00:00:01", "no station");
	refuses("stack", "mac", "00:00:00:00:00:00", "no station");
	CU_ASSERT_EQUAL(set("stack", "gateway", "10.0.0.1"), 0);
	CU_ASSERT_EQUAL(config.worker.stack.gateway.b[15], 1);
	refuses("stack", "gateway", "10.0.0.256", "not an address");
	refuses("stack", "gateway", "10.0.0.1/24", "not an address");
	CU_ASSERT_EQUAL(set("port", "device", "net_tap0"), 0);
	CU_ASSERT_STRING_EQUAL(config.port.device, "net_tap0");
	refuses("port", "device",
		"a-name-that-is-longer-than-a-device's-name-can-be-which-is-63-letters", "63");
	thole_config_fini(&config);
}

static void
congestion_control(void)
{
	const uint8_t *cc = &config.worker.stack.tcp.cc;

	thole_config_init(&config);
	CU_ASSERT_EQUAL(*cc, THOLE_CC_CUBIC);
	CU_ASSERT_EQUAL(set("tcp", "cc", "newreno"), 0);
	CU_ASSERT_EQUAL(*cc, THOLE_CC_NEWRENO);
	CU_ASSERT_EQUAL(set("tcp", "cc", "dctcp"), 0);
	CU_ASSERT_EQUAL(*cc, THOLE_CC_DCTCP);
	refuses("tcp", "cc", "reno", "cubic, newreno or dctcp");
	refuses("tcp", "cc", "", "cubic, newreno or dctcp");
	refuses("tcp", "cc", "CUBIC", "cubic, newreno or dctcp");
	CU_ASSERT_EQUAL(*cc, THOLE_CC_DCTCP);
	CU_ASSERT_EQUAL(set("tcp", "cc", "cubic"), 0);
	CU_ASSERT_EQUAL(*cc, THOLE_CC_CUBIC);
	thole_config_fini(&config);
}

static void
addresses(void)
{
	const struct thole_stack_config *stack = &config.worker.stack;
	char text[THOLE_ADDR_TEXT];

	thole_config_init(&config);
	CU_ASSERT_EQUAL(stack->nb_addresses, 0);
	CU_ASSERT_EQUAL(set("stack", "address", "10.0.0.2/24"), 0);
	CU_ASSERT_EQUAL(set("stack", "address1", "10.1.0.2+100/16"), 0);
	CU_ASSERT_EQUAL_FATAL(stack->nb_addresses, 2);
	CU_ASSERT_STRING_EQUAL(thole_addr_format(&stack->addresses[0].first, text), "10.0.0.2");
	CU_ASSERT_EQUAL(stack->addresses[0].count, 1);
	CU_ASSERT_EQUAL(stack->addresses[0].prefix_len, 24);
	CU_ASSERT_EQUAL(stack->addresses[1].count, 100);
	CU_ASSERT_EQUAL(stack->addresses[1].prefix_len, 16);
	CU_ASSERT_EQUAL(set("stack", "address1", "10.2.0.2/8"), 0);
	CU_ASSERT_EQUAL(stack->nb_addresses, 2);
	CU_ASSERT_EQUAL(stack->addresses[1].prefix_len, 8);
	/* As a command line over a file does it. */
	CU_ASSERT_EQUAL(set("stack", "address", "192.0.2.1/32"), 0);
	CU_ASSERT_EQUAL(stack->nb_addresses, 1);
	CU_ASSERT_EQUAL(set("stack", "address", "192.0.2.1/0"), 0);

	refuses("stack", "address2", "10.0.0.2/24", "address1 comes first");
	refuses("stack", "address16", "10.0.0.2/24", "16 address lines");
	refuses("stack", "address01", "10.0.0.2/24", "no such key");
	refuses("stack", "addressx", "10.0.0.2/24", "no such key; is it address?");
	refuses("stack", "address", "10.0.0.2", "prefix length, such as 10.0.0.2/24");
	refuses("stack", "address", "10.0.0.2/33", "'33' isn't 0 to 32");
	refuses("stack", "address", "10.0.0.2/", "isn't 0 to 32");
	refuses("stack", "address", "10.0.0.2+0/24", "number of addresses");
	refuses("stack", "address", "10.0.0.2+x/24", "number of addresses");
	refuses("stack", "address", "10.0.0/24", "isn't an address");
	refuses("stack", "address", "10.0.0.250+7/24", "one /24");
	CU_ASSERT_EQUAL(set("stack", "address", "10.0.0.250+6/24"), 0);
	refuses("stack", "address", "224.0.0.1/24", "no station");
	refuses("stack", "address", "0.0.0.0/0", "no station");
	refuses("stack", "address", "223.255.255.255+2/0", "no station");
	refuses("stack", "address", "10.0.0.2+4294967295/0", "no station");
	CU_ASSERT_EQUAL(stack->nb_addresses, 1);
	CU_ASSERT_EQUAL(stack->addresses[0].count, 6);
	for (unsigned int i = 1; i < THOLE_CONFIG_ADDRESSES; i++) {
		char key[16];

		snprintf(key, sizeof(key), "address%u", i);
		CU_ASSERT_EQUAL(set("stack", key, "10.0.0.2/24"), 0);
	}
	CU_ASSERT_EQUAL(stack->nb_addresses, THOLE_CONFIG_ADDRESSES);
	CU_ASSERT_EQUAL(stack->max_addresses, 0);
	CU_ASSERT_EQUAL(set("stack", "max_addresses", "64"), 0);
	CU_ASSERT_EQUAL(stack->max_addresses, 64);
	refuses("stack", "max_addresses", "64k", "0 to 65535");
	CU_ASSERT_EQUAL(set("stack", "max_addresses", "65535"), 0);
	CU_ASSERT_EQUAL(stack->max_addresses, UINT16_MAX);
	thole_config_fini(&config);
}

static void
eal_arguments(void)
{
	thole_config_init(&config);
	CU_ASSERT_EQUAL(set("eal", "args", "-l 0\t --vdev=net_tap0,iface=x "), 0);
	CU_ASSERT_EQUAL(set("eal", "arg", "--vdev=net_pcap0,rx_pcap=a b"), 0);
	CU_ASSERT_EQUAL_FATAL(config.nb_eal_args, 4);
	CU_ASSERT_STRING_EQUAL(config.eal_args[0], "-l");
	CU_ASSERT_STRING_EQUAL(config.eal_args[1], "0");
	CU_ASSERT_STRING_EQUAL(config.eal_args[2], "--vdev=net_tap0,iface=x");
	CU_ASSERT_STRING_EQUAL(config.eal_args[3], "--vdev=net_pcap0,rx_pcap=a b");
	while (config.nb_eal_args < THOLE_CONFIG_EAL_ARGS)
		CU_ASSERT_EQUAL_FATAL(set("eal", "arg", "-v"), 0);
	refuses("eal", "arg", "-v", "more than 64");
	refuses("eal", "args", "-v", "more than 64");
	thole_config_fini(&config);
	CU_ASSERT_EQUAL(config.nb_eal_args, 0);
}

static void
unknown_names(void)
{
	thole_config_init(&config);
	refuses("tpc", "msl", "30s", "is it [tcp]?");
	refuses("elephant", "msl", "30s", "there are eal, port, worker, stack, tcp");
	refuses("tcp", "msll", "30s", "msll: no such key; is it msl?");
	refuses("tcp", "max_conns", "30", "max_conns: no such key");
	refuses("stack", "max_con", "30", "is it max_conns?");
	refuses("tcp", "hippopotamus", "30", "config/reference.conf");
	refuses("tcp", "", "30", "no such key");
	thole_config_fini(&config);
}

static void
long_values(void)
{
	char value[400];
	struct thole_why why = { "" };

	thole_config_init(&config);
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	refuses("tcp", "msl", value, "not a time");
	refuses("stack", "address", value, "too long");
	CU_ASSERT_EQUAL(thole_config_set(&config, value, value, value, &why), -EINVAL);
	CU_ASSERT_EQUAL(strlen(why.text), sizeof(why.text) - 1);
	thole_config_fini(&config);
}

static void
keys_are_sound(void)
{
	for (size_t i = 0; i < config_nb_keys; i++) {
		const struct config_key *key = &config_keys[i];

		CU_ASSERT_TRUE(key->min <= key->max);
		CU_ASSERT_TRUE(key->offset < sizeof(struct thole_config));
		for (size_t j = 0; j < i; j++)
			CU_ASSERT_TRUE(strcmp(key->section, config_keys[j].section) != 0 ||
				       strcmp(key->name, config_keys[j].name) != 0);
	}
}

static const struct test_case cases[] = {
	{ "numbers", numbers },
	{ "times", times },
	{ "yes and no, MACs, devices", words },
	{ "congestion control", congestion_control },
	{ "addresses", addresses },
	{ "EAL arguments", eal_arguments },
	{ "unknown sections and keys", unknown_names },
	{ "long values", long_values },
	{ "the table of keys", keys_are_sound },
	{ NULL, NULL },
};

const struct test_suite suite_config = { "config", cases };
