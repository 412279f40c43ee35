"""Commit subjects are imperatives that name the thing; those of every commit since there is this rule."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.commit_subjects import LONGEST, main, offences

ROOT = Path(__file__).parents[2]


def _git(*arguments: str) -> str:
    command = ["git", "-c", "safe.directory=*", *arguments]  # somebody else may own the checkout
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


@pytest.mark.skipif(
    shutil.which("git") is None or not (ROOT / ".git").exists(), reason="there is no git here, or this is no checkout"
)
def test_new_commits_say_what_they_do() -> None:
    begun = _git("log", "--diff-filter=A", "--format=%H", "--", "tests/commit_subjects.py").split()
    since = [f"{begun[-1]}..HEAD"] if begun else ["-1"]  # a shallow clone knows the newest commit alone
    subjects = _git("log", "--no-merges", "--format=%s", *since).splitlines()
    wrong = [f"{subject}: {what}" for subject in subjects for what in offences(subject)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "subject",
    [
        "Add line refunds",
        "Fix the number series of a till that is paired again",
        "Process what was refused again",
        "Embed the fonts",
        "Ping the server before the socket opens",
        'Revert "Add line refunds"',
        "Merge branch 'tills'",
    ],
)
def test_an_imperative_passes(subject: str) -> None:
    assert not list(offences(subject))


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("The till's numbers", "no imperative"),
        ("What comes back is told once", "no imperative"),
        ("Added line refunds", "no imperative"),
        ("Adds line refunds", "no imperative"),
        ("Adding line refunds", "no imperative"),
        ("fix the till", "small letter"),
        ("Sync: retry sooner", "label"),
        ("Fix", "no thing"),
        ("Add line refunds.", "full stop"),
        ("Add line refunds " + "and more " * 10, "characters"),
        ("Add line refunds\nbecause", "second line"),
    ],
)
def test_anything_else_is_refused(message: str, why: str) -> None:
    assert any(why in each for each in offences(message))


def test_the_hook_reads_the_message_without_gits_own_remarks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = tmp_path / "COMMIT_EDITMSG"
    message.write_text("Add line refunds\n\nWhy.\n# On branch main\n", encoding="utf-8")
    assert main(str(message)) == 0
    message.write_text("# On branch main\n" + "x" * (LONGEST + 1), encoding="utf-8")
    assert main(str(message)) == 1
    assert "characters" in capsys.readouterr().err
