# SPDX-License-Identifier: BSD-3-Clause
# listen.py PORT IN OUT: the kernel as a server: takes one connection, sends it the file IN and half-closes,
# and beside that keeps what comes in OUT until the peer closes (nc -l gives up at the peer's FIN).
import shutil
import socket
import sys
import threading

port, name_in, name_out = sys.argv[1:]
listener = socket.create_server(("", int(port)))
listener.settimeout(60)
conn, _ = listener.accept()
conn.settimeout(60)


def send():
    with open(name_in, "rb") as file:
        conn.sendfile(file)
    conn.shutdown(socket.SHUT_WR)


sender = threading.Thread(target=send)
sender.start()
with open(name_out, "wb") as file:
    shutil.copyfileobj(conn.makefile("rb", buffering=0), file)
sender.join()
conn.close()
