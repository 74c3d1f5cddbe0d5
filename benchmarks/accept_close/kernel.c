/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kernel.c: the form with the fewest system calls that is still a fair one: blocking sockets and no
 * epoll. The client keeps a window of connections open and finishes them in the order it opened
 * them, so a call seldom has to sleep. One loopback address has about 28,000 ports, so the client
 * has many addresses; they differ from run to run, as the last run's TIME-WAITs are still there.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <rte_launch.h>

#include <thole/port.h>

#include "kernel.h"

#define WARM_NS	   UINT64_C(200000000)
#define MEASURE_NS UINT64_C(1300000000)
#define WINDOW	   64	  /* more make it no faster */
#define ALONE	   65536U /* above, in bytes: see window_of() */
#define LOOK_US	   100000 /* how long a call may sleep before it looks whether to stop */
#define PARKED	   32	  /* less than the window: see serve_one() */
#define BACKLOG	   1024
#define ADDRESSES  250
#define CHUNK	   16384U

struct pair {
	const struct options *options;
	struct kernel *out;
	int listener;
	uint16_t port;
	bool stop; /* set by the client when it is done */
	const volatile sig_atomic_t *signals;
	/* The server's own; read when it has returned. */
	const char *failed_at;
	int error;
};

static char chunk[CHUNK]; /* sent from; nobody reads what they say */

/*
 * A connection of which both sides write more than the kernel buffers stands still until both read.
 * So the client finishes a large one before it opens the next.
 */
static uint32_t
window_of(const struct options *o)
{
	return o->request_bytes > ALONE || o->response_bytes > ALONE ? 1 : WINDOW;
}

/* Whether a call that failed may be tried again: after its timeout, or a signal that isn't for us.
 */
static bool
may_retry(const struct pair *pair)
{
	return (errno == EINTR || errno == EAGAIN) && *pair->signals == 0 &&
	       !__atomic_load_n(&pair->stop, __ATOMIC_ACQUIRE);
}

static void
set_timeouts(int fd)
{
	const struct timeval timeout = { .tv_usec = LOOK_US };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

/* Reads @p bytes. @return 0 or the errno. */
static int
read_all(const struct pair *pair, int fd, uint32_t bytes)
{
	char buffer[CHUNK];

	while (bytes != 0) {
		ssize_t n = read(fd, buffer, bytes < CHUNK ? bytes : CHUNK);

		if (n > 0)
			bytes -= (uint32_t)n;
		else if (n == 0 || !may_retry(pair))
			return n == 0 ? ECONNRESET : errno;
	}
	return 0;
}

static int
write_all(const struct pair *pair, int fd, uint32_t bytes)
{
	while (bytes != 0) {
		ssize_t n = send(fd, chunk, bytes < CHUNK ? bytes : CHUNK, MSG_NOSIGNAL);

		if (n > 0)
			bytes -= (uint32_t)n;
		else if (!may_retry(pair))
			return errno;
	}
	return 0;
}

static int
read_end(const struct pair *pair, int fd)
{
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && may_retry(pair));
	return n < 0 ? errno : n == 0 ? 0 : EPROTO;
}

/* Connections that the server has answered and that the client is going to close, oldest first. */
struct parked {
	int fds[PARKED];
	uint32_t put;
	uint32_t taken;
};

static int
finish_parked(struct pair *pair, struct parked *parked)
{
	int fd = parked->fds[parked->taken++ % PARKED];
	int error = read_end(pair, fd);

	close(fd);
	return error;
}

/* The client finishes connections in order, too: by the time that the oldest is looked at, it is
 * closed. */
static int
serve_one(struct pair *pair, int fd, struct parked *parked)
{
	const struct options *o = pair->options;
	int error = read_all(pair, fd, o->request_bytes);

	if (error == 0)
		error = write_all(pair, fd, o->response_bytes);
	if (error != 0 || !o->client_closes) {
		close(fd);
		return error;
	}
	parked->fds[parked->put++ % PARKED] = fd;
	return parked->put - parked->taken == PARKED ? finish_parked(pair, parked) : 0;
}

static int
serve(void *arg)
{
	struct pair *pair = arg;
	struct parked parked = { .put = 0 };

	while (!__atomic_load_n(&pair->stop, __ATOMIC_ACQUIRE)) {
		int fd = accept4(pair->listener, NULL, NULL, SOCK_CLOEXEC);
		int error;

		if (fd < 0) {
			/* The listener's timeout: a look at stop. */
			if (errno == EAGAIN || errno == EINTR) {
				if (*pair->signals != 0)
					break;
				continue;
			}
			pair->failed_at = "accept";
			pair->error = errno;
			break;
		}
		error = serve_one(pair, fd, &parked);
		if (error != 0 && *pair->signals == 0 &&
			!__atomic_load_n(&pair->stop, __ATOMIC_ACQUIRE)) {
			pair->failed_at = "server";
			pair->error = error;
			break;
		}
	}
	while (parked.taken != parked.put)
		close(parked.fds[parked.taken++ % PARKED]);
	/* The client mustn't wait for what nobody will accept. */
	close(pair->listener);
	return 0;
}

static int
fail(struct pair *pair, const char *where, int error)
{
	pair->out->failed_at = where;
	pair->out->error = error;
	return -error;
}

static int
open_listener(struct pair *pair)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail(pair, "socket", errno);
	/* Accepted sockets have them too. */
	set_timeouts(fd);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 || listen(fd, BACKLOG) != 0 ||
		getsockname(fd, (struct sockaddr *)&addr, &len) != 0) {
		int error = errno;

		close(fd);
		return fail(pair, "listen", error);
	}
	pair->listener = fd;
	pair->port = ntohs(addr.sin_port);
	return 0;
}

/* @return a connected socket, or -1 when pair->out says why. */
static int
connect_one(struct pair *pair, uint32_t from)
{
	const int one = 1;
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(from) };
	struct sockaddr_in server = { .sin_family = AF_INET,
		.sin_port = htons(pair->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0) {
		fail(pair, "socket", errno);
		return -1;
	}
	/* Otherwise bind takes a port that no other connection of this address may then have. */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&local, sizeof(local)) == 0 &&
		connect(fd, (struct sockaddr *)&server, sizeof(server)) == 0) {
		set_timeouts(fd); /* not for connect(), which can't be tried again */
		error = write_all(pair, fd, pair->options->request_bytes);
		if (error == 0)
			return fd;
	} else {
		error = errno;
	}
	fail(pair, "connect", error);
	close(fd);
	return -1;
}

static int
finish_one(struct pair *pair, int fd)
{
	int error = read_all(pair, fd, pair->options->response_bytes);

	if (error == 0 && !pair->options->client_closes)
		error = read_end(pair, fd);
	close(fd);
	return error == 0 ? 0 : fail(pair, "client", error);
}

static int
run_client(struct pair *pair)
{
	uint64_t start = thole_clock_ns(), now = start, counted_from = 0;
	uint32_t net = INADDR_LOOPBACK + ((uint32_t)(start >> 20) % 65000 + 1) * 256;
	uint64_t opened = 0, done = 0, counted = 0;
	uint32_t window = window_of(pair->options);
	int fds[WINDOW], rc = 0;

	while (rc == 0 && now - start < WARM_NS + MEASURE_NS && *pair->signals == 0) {
		if (opened - done == window) {
			rc = finish_one(pair, fds[done % WINDOW]);
			done++;
		}
		if (rc == 0) {
			int fd = connect_one(pair, net + (uint32_t)(opened % ADDRESSES));

			if (fd < 0)
				rc = -pair->out->error;
			else
				fds[opened++ % WINDOW] = fd;
		}
		now = thole_clock_ns();
		if (counted_from == 0 && now - start >= WARM_NS) {
			counted_from = now;
			counted = done;
		}
	}
	if (counted_from != 0 && now > counted_from)
		pair->out->conns_per_s =
			(double)(done - counted) * 1e9 / (double)(now - counted_from);
	while (done < opened) {
		int fd = fds[done++ % WINDOW];

		if (rc == 0)
			rc = finish_one(pair, fd);
		else
			close(fd);
	}
	return rc;
}

int
kernel_measure(const struct options *options, unsigned int other, const volatile sig_atomic_t *stop,
	struct kernel *out)
{
	struct pair pair = { .options = options, .out = out, .signals = stop };
	int rc;

	*out = (struct kernel){ .conns_per_s = 0 };
	rc = open_listener(&pair);
	if (rc != 0)
		return rc;
	if (rte_eal_remote_launch(serve, &pair, other) != 0) {
		close(pair.listener);
		return fail(&pair, "lcore", EBUSY);
	}
	rc = run_client(&pair);
	__atomic_store_n(&pair.stop, true, __ATOMIC_RELEASE);
	rte_eal_wait_lcore(other);
	if (pair.error != 0) {
		out->failed_at = pair.failed_at;
		out->error = pair.error;
		rc = -pair.error;
	}
	if (*stop != 0) { /* then calls fail, and nobody wants to know which */
		out->failed_at = NULL;
		rc = -EINTR;
	}
	if (rc != 0)
		out->conns_per_s = 0;
	return rc;
}
