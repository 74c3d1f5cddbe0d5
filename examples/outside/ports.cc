/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ports [--vdev=...]...: in C++: starts EAL, opens the devices asked for, and a connection between
 * two workers that a cable joins. So it shows that a program has the drivers which thole calls and
 * those that EAL loads by name.
 */
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <thole/config.h>
#include <thole/port.h>
#include <thole/version.h>

namespace
{

struct closes_port {
	void
	operator()(thole_port *port) const
	{
		thole_port_close(port);
	}
};
using port_ptr = std::unique_ptr<thole_port, closes_port>;

struct ends_worker {
	void
	operator()(thole_worker *worker) const
	{
		thole_worker_destroy(worker);
	}
};
using worker_ptr = std::unique_ptr<thole_worker, ends_worker>;

struct ends_app {
	void
	operator()(thole_app *app) const
	{
		thole_app_destroy(app);
	}
};
using app_ptr = std::unique_ptr<thole_app, ends_app>;

port_ptr
open_port(const std::string &device)
{
	thole_port_config config;
	thole_port *port = nullptr;
	thole_why why{};

	thole_port_config_init(&config);
	config.device = device.c_str();
	config.pool_mbufs = 2047;
	config.rx_desc = config.tx_desc = 256;
	if (thole_port_open(&config, &port, &why) != 0)
		std::fprintf(stderr, "%s\n", why.text);
	else
		std::printf("%s is open\n", device.c_str());
	return port_ptr(port);
}

/* A worker with the address 10.0.0.host on a port, and the application's context in it. */
class endpoint
{
      public:
	endpoint(const std::string &device, uint8_t host) : port(open_port(device))
	{
		thole_address address{ thole_addr_ip4(0x0a000000u + host), 1, 24 };
		thole_worker_config config;
		thole_app_config direct{};
		thole_worker *made = nullptr;
		thole_app *context = nullptr;
		thole_why why{};

		if (!port)
			return;
		thole_worker_config_init(&config);
		config.port = port.get();
		config.stack.addresses = &address;
		config.stack.nb_addresses = 1;
		config.stack.max_conns = config.stack.max_embryos = 64;
		config.stack.max_time_wait = config.stack.max_segments = 64;
		if (thole_worker_create(&config, &made, &why) != 0) {
			std::fprintf(stderr, "%s\n", why.text);
			return;
		}
		worker.reset(made);
		if (thole_app_create(thole_worker_stack(made), &direct, &context) == 0)
			app.reset(context);
		thole_worker_turn(made);
	}

	bool
	is_up() const
	{
		return app != nullptr;
	}

	bool
	submit(const thole_op &op)
	{
		return thole_app_submit(app.get(), &op, 1) == 1;
	}

	/* A turn. Returns whether an event of this type came, all others of which are let go by. */
	bool
	turn_until(thole_event_type type)
	{
		thole_event events[16];
		bool came = false;

		thole_worker_turn(worker.get());
		for (int32_t i = thole_app_events(app.get(), events, 16); i-- > 0;)
			came = came || events[i].type == type;
		return came;
	}

      private:
	port_ptr port; /* goes last */
	worker_ptr worker;
	app_ptr app;
};

bool
connect_over_cable()
{
	thole_why why{};

	if (thole_cable_create("left", "right", 1, 256, &why) != 0) {
		std::fprintf(stderr, "%s\n", why.text);
		return false;
	}

	endpoint server("left", 1), client("right", 2);
	thole_op op{};
	bool connected = false, accepted = false;

	if (!server.is_up() || !client.is_up())
		return false;
	op.type = THOLE_OP_LISTEN;
	op.bytes = 1;
	op.local.port = 80;
	if (!server.submit(op))
		return false;
	op = thole_op{};
	op.type = THOLE_OP_CONNECT;
	op.remote.addr = thole_addr_ip4(0x0a000001);
	op.remote.port = 80;
	if (!client.submit(op))
		return false;

	const uint64_t until = thole_clock_ns() + UINT64_C(5000000000);
	while (!(connected && accepted) && thole_clock_ns() < until) {
		connected = client.turn_until(THOLE_EV_CONNECTED) || connected;
		accepted = server.turn_until(THOLE_EV_ACCEPTED) || accepted;
	}
	return connected && accepted;
}

/* The name of a --vdev argument's device; "" of any other. */
std::string
device_of(const std::string &arg)
{
	const std::string option = "--vdev=";

	return arg.compare(0, option.size(), option) == 0
		       ? arg.substr(option.size(), arg.find(',') - option.size())
		       : "";
}

} // namespace

int
main(int argc, char **argv)
{
	std::vector<std::string> devices;
	thole_why why{};
	bool ok = true;

	for (int i = 1; i < argc; i++)
		if (const std::string device = device_of(argv[i]); !device.empty())
			devices.push_back(device);
	if (thole_eal_start(argc, argv, 64, &why) != 0) {
		std::fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	for (const std::string &device : devices)
		ok = open_port(device) != nullptr && ok;
	ok = connect_over_cable() && ok;
	std::printf("thole %s: %s\n", thole_version(), ok ? "connected" : "failed");
	thole_eal_stop();
	return ok && thole_version_number() == THOLE_VERSION_NUMBER ? 0 : 1;
}
