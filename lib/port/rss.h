/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rss.h: receive-side scaling: asked of the device before it is configured, read back after it has
 * started. What can't be read back isn't believed: then the owner of a flow is by our own key and
 * table, and packets are handed over between workers.
 */
#ifndef PORT_RSS_H
#define PORT_RSS_H

#include <rte_ethdev.h>

#include "port/port.h"

#define RSS_KEY_MOST 64 /* bytes of any device's key */

/** Asks for a spread over queues by the flow, if the device has it, with a symmetric key. @p key is
 * of RSS_KEY_MOST bytes and must last until the device is configured. */
void rss_ask(const struct rte_eth_dev_info *info, struct rte_eth_conf *conf, uint8_t *key);

/** Settles port->sharing: by the device @p info is of, or by our own. The device has started. */
void rss_settle(struct thole_port *port, const struct rte_eth_dev_info *info, bool wrong_worker);

#endif
