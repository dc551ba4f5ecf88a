"""Many clients that each read slowly, as an ESP32 does: a receive window of 5,760 bytes (ESP-IDF's TCP_WND), segments of
1,440 bytes, a steady rate. Node.js cannot set the receive window, and with the system's own a whole file would be in the
kernel's buffers before the first second is over.

    slow_clients.py PORT PATH SIZE SHA256 CLIENTS BYTES_PER_SECOND CA CERT KEY

First all connect, then all ask, then all read. Prints JSON: complete, failures, and seconds per client, sorted.
"""

import hashlib
import json
import resource
import socket
import ssl
import sys
import time

WINDOW = 5760
SEGMENT = 1440
TICK_SECONDS = 0.05
# Twice as long as it should take, and a while for the machine.
PATIENCE = 2


def connect(port, context):
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
    raw.settimeout(30)
    raw.connect(("127.0.0.1", port))
    return context.wrap_socket(raw, server_hostname="localhost")


class Client:
    def __init__(self, tls, rate):
        self.tls = tls
        self.rate = rate
        self.head = b""
        self.digest = hashlib.sha256()
        self.received = 0
        self.in_body = False
        self.started = time.monotonic()

    def read(self, size):
        """All that the rate allows by now, if it is there. True when the body is whole."""
        allowed = int((time.monotonic() - self.started) * self.rate) - self.received
        while allowed > 0:
            try:
                data = self.tls.recv(min(allowed, 16384))
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return False
            if not data:
                raise ConnectionError(f"ended after {self.received} bytes")
            if not self.in_body:
                data = self.after_head(data)
            self.digest.update(data)
            self.received += len(data)
            allowed -= len(data)
            if self.received >= size:
                return True
        return False

    def after_head(self, data):
        self.head += data
        head, found, body = self.head.partition(b"\r\n\r\n")
        if not found:
            return b""
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.split(b"\r\n")[0].decode("latin1"))
        self.in_body = True
        return body


def main():
    port, path, size, sha256, count, rate, ca, cert, key = sys.argv[1:]
    size, count, rate = int(size), int(count), int(rate)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(cert, key)
    connections = [connect(int(port), context) for _ in range(count)]
    request = f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()
    clients = []
    for tls in connections:
        tls.sendall(request)
        tls.setblocking(False)
        clients.append(Client(tls, rate))
    deadline = time.monotonic() + PATIENCE * size / rate + 30
    seconds, failures = [], []
    while clients and time.monotonic() < deadline:
        tick = time.monotonic()
        waiting = []
        for client in clients:
            try:
                if not client.read(size):
                    waiting.append(client)
                    continue
                seconds.append(time.monotonic() - client.started)
                if client.digest.hexdigest() != sha256:
                    failures.append("other bytes than the file has")
            except (OSError, ConnectionError) as error:
                failures.append(str(error))
            client.tls.close()
        clients = waiting
        time.sleep(max(0, TICK_SECONDS - (time.monotonic() - tick)))
    failures += ["not whole in time"] * len(clients)
    print(json.dumps({"complete": len(seconds), "failures": failures, "seconds": sorted(seconds)}))


main()
