"""`python -m benchmarks.push_probe PORT PER_SECOND SECONDS [CORE]`: other requests, on a schedule.

Asks what it reads from standard input, one after the other on a connection of its own, and prints the milliseconds
that each answer took, sorted. On CORE, which is the server's, and before it where that is allowed: on the displays'
core it would measure how busy that is.
"""

import os
import socket
import sys
import time
from contextlib import suppress

import msgspec


def main() -> None:
    port, per_second, seconds = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    if len(sys.argv) > 4 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(sys.argv[4])})
    with suppress(AttributeError, PermissionError):
        os.nice(-10)
    request = sys.stdin.buffer.read()
    taken = []
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start = time.monotonic()
        for number in range(int(per_second * seconds)):
            time.sleep(max(0.0, start + number / per_second - time.monotonic()))
            began = time.perf_counter_ns()
            connection.sendall(request)
            answer = b""
            while b"\r\n\r\n" not in answer or len(answer) < _size(answer):
                part = connection.recv(262_144)
                assert part, answer
                answer += part
            taken.append((time.perf_counter_ns() - began) / 1e6)
            assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
    sys.stdout.write(msgspec.json.encode(sorted(taken)).decode())


def _size(answer: bytes) -> int:
    head = answer.partition(b"\r\n\r\n")[0].lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    return len(head) + 4 + length


if __name__ == "__main__":
    main()
