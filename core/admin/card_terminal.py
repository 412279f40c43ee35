"""`orderbell card-terminal`: a simulated card terminal, to try a POS with one, or its faults."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.admin import terminal
from core.admin.command import Parser
from core.admin.failed import Failed
from core.client.terminals.simulator import Faults, Server, Simulator

_SLOWEST_S: Final = 600
_EXAMPLES: Final = """examples:
  orderbell card-terminal charges.jsonl --port 9100   then: orderbell pos --card-terminal 127.0.0.1:9100
  orderbell card-terminal charges.jsonl --lose 0.3 --double 0.3 --seed 7"""
_HELP: Final = {
    "lose": "how often an answer is lost, 0 to 1",
    "unheard": "how often a request is lost, so that nothing is done",
    "late": "how often a request arrives after the POS has given it up",
    "double": "how often an answer comes twice",
    "delay_s": "seconds until it answers",
    "decline": "how often a card is declined",
}


def main(argv: Sequence[str]) -> int:
    """Runs until it is ended. Prints its port on the first line. Raises `Failed` for a fault that is no chance."""
    parser = Parser("orderbell card-terminal", __doc__, _EXAMPLES)
    parser.add_argument("file", type=Path, help="where what it heard and charged is written")
    parser.add_argument("--port", type=int, default=0, help="default: one that is free")
    parser.add_argument("--seed", type=int, default=0, help="of the faults: the same seed, the same faults")
    for name in Faults.__struct_fields__:
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=0.0, help=_HELP[name])
    options = parser.parse_args(argv)
    faults = Faults(**{name: getattr(options, name) for name in Faults.__struct_fields__})
    for name in Faults.__struct_fields__:
        if not 0 <= getattr(faults, name) <= (_SLOWEST_S if name == "delay_s" else 1):
            raise Failed(f"--{name.replace('_', '-')} is {_HELP[name]}. Give another number.")
    with Server(options.port, Simulator(options.file, faults, options.seed)) as server:
        terminal.lines([str(server.server_address[1])])
        server.serve_forever()
    return 0
