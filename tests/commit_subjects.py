"""What is asked of a commit's subject: `python -m tests.commit_subjects FILE` looks at the message in FILE.

An imperative that names the thing ("Add line refunds"), in one line of at most 100 characters. Which words are
imperatives no short program knows; this one knows those that are not.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LONGEST: Final = 100
_NO_VERB: Final = re.compile(
    r"""(?x)
    a | an | and | all | any | both | but | each | every | few | for | from | he | here | how | if | in
    | its? | many | more | most | my | no | nobody | none | nothing | of | on | one | our? | she | since
    | so | some | several | such | that | the | their | there | these | they | this | those | to | two |
    until | we | what | when | where | which | while | who | whoever | whose | why | with | you | your |
    wip | misc | various | changes | stuff | \w*[^e]ed | \w*ing | \w*[^s]s"""
)
_VERB: Final = re.compile(r"bias|bring|canvas|embed|focus|ping|ring|shed|shred|spring|sting|string|swing|wing")
_MADE_BY_GIT: Final = re.compile(r"Merge |Revert \"|fixup! |squash! ")


def offences(message: str) -> Iterator[str]:
    """Each thing that is wrong with the subject of a commit's message, as a sentence."""
    subject, _, rest = message.partition("\n")
    if _MADE_BY_GIT.match(subject):
        return
    first, _, others = subject.partition(" ")
    word = first.rstrip(",:;").lower()
    if not others.strip():
        yield "It names no thing: say what is added, fixed or moved."
    if not subject[:1].isupper():
        yield "It begins with a small letter, or with no letter."
    if first.endswith(":"):
        yield f"“{first}” is a label: begin with the verb."
    if _NO_VERB.fullmatch(word) and not _VERB.fullmatch(word):
        yield f"“{first}” is no imperative: say what the commit does, as an order (Add …, Fix …, Move …)."
    if subject.rstrip() != subject or subject.endswith((".", "…")):
        yield "It ends with a full stop or a space."
    if len(subject) > LONGEST:
        yield f"It has {len(subject)} characters; {LONGEST} are read. The rest goes below, after an empty line."
    if rest and not rest.startswith("\n"):
        yield "The second line is not empty."


def main(path: str) -> int:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    message = "\n".join(line for line in lines if not line.startswith("#")).strip("\n")
    found = list(offences(message))
    for each in found:
        print(f"Commit subject: {each}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
