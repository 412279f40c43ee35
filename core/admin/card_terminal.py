"""`orderbell card-terminal`: a simulated card terminal, to try a POS with one, or its faults."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from core.admin import terminal
from core.client.terminals.simulator import Faults, Server, Simulator


def main(argv: Sequence[str]) -> int:
    """Runs until it is ended. Prints its port on the first line."""
    parser = argparse.ArgumentParser("orderbell card-terminal", description=__doc__)
    parser.add_argument("file", type=Path, help="where what it heard and charged is written")
    parser.add_argument("--port", type=int, default=0, help="default: one that is free")
    parser.add_argument("--seed", type=int, default=0, help="of the faults: the same seed, the same faults")
    for name in Faults.__struct_fields__:
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=0.0, help="0 to 1; seconds of delay")
    options = parser.parse_args(argv)
    faults = Faults(**{name: getattr(options, name) for name in Faults.__struct_fields__})
    with Server(options.port, Simulator(options.file, faults, options.seed)) as server:
        terminal.lines([str(server.server_address[1])])
        server.serve_forever()
    return 0
