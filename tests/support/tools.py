"""Tools in virtual environments of their own, pinned by their `requirements.txt`: the tested program needs none of
them."""

import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


def environment(requirements: Path) -> Path:
    """The folder of the scripts of an environment with these requirements, which is created when missing or
    outdated."""
    home = ROOT / "out" / requirements.parent.name
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    ready, wanted = home / "requirements.txt", requirements.read_bytes()
    if not ready.exists() or ready.read_bytes() != wanted:
        print(f"setting up {home.relative_to(ROOT).as_posix()} ...", file=sys.stderr, flush=True)
        venv.create(home, clear=True, with_pip=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"]
        subprocess.run([str(scripts / "python"), *install, str(requirements)], check=True)
        ready.write_bytes(wanted)
    return scripts
