"""Rules that were told once and are checked ever since. Each failure names the place and the reason."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT = Path(__file__).parents[2]
WINDOWS = ("core/ui", "pos_app", "customer_view")
PROGRAM = ("core", "pos_app", "customer_view", "resources")
EVERYTHING = (*PROGRAM, "tests", "benchmarks")

Nodes = Iterable[ast.AST]
Offences = Iterator[tuple[int, str]]
_LOOKED_AT = (ast.Attribute, ast.Call, ast.ClassDef, ast.Constant)
"""What a rule may look at: a third of all nodes. They are walked once."""
_HEX_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6})\b|^#[0-9a-fA-F]{3,4}$")
_EMPTY_NAMES = re.compile(r"(?:Manager|Helpers?|Utils?|Utilities)$", re.IGNORECASE)
_WAITS = {"time.sleep", "qtbot.wait", "QTest.qWait", "QTest.qSleep", "QThread.sleep", "QThread.msleep"}
_MACHINE = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+|opt/pypi[\w-]*)/|[A-Z]:\\+Users\\+", re.ASCII)
_PROSE = {".md", ".toml", ".yml", ".yaml", ".txt", ".in", ".py", ".json", ".qss", ".cfg", ".ini", ".cmd", ""}
_NOT_OURS = re.compile(r"(?:^|/)(?:\.(?!ci|github)[\w.-]+|__pycache__|build|dist|out)(?:/|$)")


def _called(node: ast.Call) -> str:
    """`module.function` as it is written, as far as it is a plain name."""
    names, at = [], node.func
    while isinstance(at, ast.Attribute):
        names.append(at.attr)
        at = at.value
    if isinstance(at, ast.Name):  # most of them; `unparse` takes fifty times as long
        return ".".join([at.id, *reversed(names)])
    return ast.unparse(node.func) if names else ""


def literal_colours(nodes: Nodes) -> Offences:
    for node in nodes:
        match node:
            case ast.Constant(value=str(text)) if _HEX_COLOUR.search(text):
                yield node.lineno, f"the colour {text!r}"
            case ast.Call(args=[_, *_]) if _called(node).endswith("QColor"):
                if all(isinstance(each, ast.Constant) for each in node.args):
                    yield node.lineno, ast.unparse(node)
            case ast.Attribute(ast.Attribute() as value, name) if (
                ast.unparse(value) == "Qt.GlobalColor" and name != "transparent"
            ):
                yield node.lineno, ast.unparse(node)


def waits_for_the_clock(nodes: Nodes) -> Offences:
    for node in nodes:
        if isinstance(node, ast.Call):
            called = _called(node)
            nothing = bool(node.args) and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
            if called.endswith(tuple(_WAITS)) or (called == "asyncio.sleep" and not nothing):
                yield node.lineno, ast.unparse(node)


def decoders_of_their_own(nodes: Nodes) -> Offences:
    for node in nodes:
        if isinstance(node, ast.Call):
            called = _called(node)
            typed = len(node.args) > 1 or any(keyword.arg == "type" for keyword in node.keywords)
            if called.endswith((".Decoder", "msgspec.convert")) or (called.endswith("json.decode") and typed):
                yield node.lineno, ast.unparse(node)


def csv_writers_of_their_own(nodes: Nodes) -> Offences:
    for node in nodes:
        if isinstance(node, ast.Call) and _called(node) in ("csv.writer", "csv.DictWriter", "writer", "DictWriter"):
            yield node.lineno, ast.unparse(node)


def terminal_writers(nodes: Nodes) -> Offences:
    """What writes to the terminal by itself; text that went through `core.printable` may be written by anybody."""
    for node in nodes:
        if isinstance(node, ast.Call):
            called = _called(node)
            writes = called in ("print", "Console") or called.endswith(("stdout.write", "stderr.write"))
            if writes and not any(
                _called(each).startswith("printable.") for each in node.args if isinstance(each, ast.Call)
            ):
                first = node.args[0] if node.args else None
                escaped = isinstance(first, ast.BinOp) and "printable." in ast.unparse(first)
                if not escaped:
                    yield node.lineno, ast.unparse(node)


_MAYBE_MARKUP: Final = (".setToolTip", ".setWhatsThis", ".setStatusTip", "QToolTip.showText")


def text_that_may_be_markup(nodes: Nodes) -> Offences:
    for node in nodes:
        if isinstance(node, ast.Call):
            called = _called(node)
            if called.endswith(_MAYBE_MARKUP) or called.rpartition(".")[2] in ("QLabel", "QMessageBox"):
                yield node.lineno, ast.unparse(node)


def walks_of_the_focus_chain(nodes: Nodes) -> Offences:
    for node in nodes:
        if isinstance(node, ast.Attribute) and node.attr in {"nextInFocusChain", "previousInFocusChain", "itemAt"}:
            yield node.lineno, ast.unparse(node)


def crossings_of_their_own(nodes: Nodes) -> Offences:
    for node in nodes:
        match node:
            case ast.Attribute(_, "QueuedConnection" | "BlockingQueuedConnection"):
                yield node.lineno, ast.unparse(node)
            case ast.Call() if {"QThreadPool", "ThreadPoolExecutor"} & set(_called(node).split(".")):
                yield node.lineno, ast.unparse(node)


def starts_of_their_own(nodes: Nodes) -> Offences:
    for node in nodes:
        if isinstance(node, ast.Attribute) and node.attr == "executable" and ast.unparse(node.value) == "sys":
            yield node.lineno, "sys.executable"


def names_that_say_nothing(nodes: Nodes) -> Offences:
    for node in nodes:
        if isinstance(node, ast.ClassDef) and _EMPTY_NAMES.search(node.name):
            yield node.lineno, f"class {node.name}"


def threads_that_a_mistake_ends(nodes: Nodes) -> Offences:
    for node in nodes:
        if isinstance(node, ast.Call) and _called(node).rpartition(".")[2] in ("Thread", "QThread", "Timer"):
            yield node.lineno, ast.unparse(node)


def _sources(folders: Iterable[str]) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if "peers" not in path.parts)


def _nodes(source: str) -> list[ast.AST]:
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, _LOOKED_AT)]


@cache
def _nodes_of(path: Path) -> list[ast.AST]:
    return _nodes(path.read_text(encoding="utf-8"))


def _broken(rule: Callable[[Nodes], Offences], folders: Iterable[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT).as_posix()}:{line}: {what}"
        for path in _sources(folders)
        for line, what in rule(_nodes_of(path))
    ]


def _told(offences: list[str], reason: str) -> str:
    return "\n".join([reason, *offences])


def test_windows_have_their_colours_from_the_tokens() -> None:
    offences = _broken(literal_colours, WINDOWS)
    assert not offences, _told(offences, "A colour outside resources/tokens.json is wrong in the other themes.")


def test_nothing_waits_for_the_clock() -> None:
    # A gesture is made of time; there is no condition to await in the middle of one.
    offences = [each for each in _broken(waits_for_the_clock, (*WINDOWS, "tests")) if "support/fingers.py" not in each]
    assert not offences, _told(
        offences, "A sleep is too short on a slow machine and too long on all others: await the condition (waitUntil)."
    )


def test_types_are_learnt_one_at_a_time() -> None:
    offences = [each for each in _broken(decoders_of_their_own, PROGRAM) if not each.startswith("core/decoding.py")]
    assert not offences, _told(offences, "Two threads that learn a type at once end the process: use core.decoding.")


def test_one_writer_makes_every_csv() -> None:
    offences = [each for each in _broken(csv_writers_of_their_own, PROGRAM) if "core/spreadsheet.py" not in each]
    assert not offences, _told(offences, "Data in a CSV may begin a formula: core.spreadsheet writes it as text.")


def test_nothing_from_elsewhere_acts_on_a_terminal() -> None:
    allowed = ("core/admin/terminal.py", "core/admin/console.py", "core/ui/preflight.py", "resources/locale/update.py")
    offences = [each for each in _broken(terminal_writers, PROGRAM) if not each.startswith(allowed)]
    assert not offences, _told(
        offences,
        "A name may have control characters: core.admin.terminal and core.admin.console write them as escapes.",
    )


def test_no_mistake_ends_a_thread_for_good() -> None:
    working = ("core/client", "core/server", "core/store", *WINDOWS)
    offences = _broken(threads_that_a_mistake_ends, working)
    assert not offences, _told(offences, "A thread that ends by an exception is missed by nobody: use core.workers.")


def test_text_is_never_markup() -> None:
    made_plain = ("core/ui/widgets/controls.py", "core/ui/app.py")
    offences = [each for each in _broken(text_that_may_be_markup, WINDOWS) if not each.startswith(made_plain)]
    assert not offences, _told(
        offences, "Qt decides by itself whether it is markup: use core.ui.widgets.controls, or text.plain."
    )


def test_no_thread_of_a_window_touches_what_is_qts() -> None:
    offences = _broken(crossings_of_their_own, WINDOWS)
    reason = "Qt frees objects while other threads use them: they tell it through a core.ui.threads.Channel."
    assert not offences, _told(offences, reason)


def test_no_widget_is_taken_for_anothers_child() -> None:
    offences = _broken(walks_of_the_focus_chain, EVERYTHING)
    reason = "PySide makes it a child of the widget asked; once that is deleted it is invalid, scroll bars included."
    assert not offences, _told(offences, reason)


def test_one_place_starts_ourselves() -> None:
    allowed = ("core/own_process.py", "tests/audit/__main__.py")  # there another program is told of this Python
    offences = [each for each in _broken(starts_of_their_own, EVERYTHING) if not each.startswith(allowed)]
    assert not offences, _told(offences, "Python runs what lies in the current folder: core.own_process does not.")


def test_every_name_says_something() -> None:
    offences = _broken(names_that_say_nothing, EVERYTHING)
    offences += [str(path.relative_to(ROOT)) for path in _sources(EVERYTHING) if _EMPTY_NAMES.search(path.stem)]
    assert not offences, _told(offences, "A Manager, Helper or Utils is a name for something not understood yet.")


def test_nothing_knows_the_machine_it_was_written_on() -> None:
    offences = [
        f"{path.relative_to(ROOT).as_posix()}:{number}: {line.strip()[:100]}"
        for path in sorted(ROOT.rglob("*"))
        if not _NOT_OURS.search(path.relative_to(ROOT).as_posix()) and path.is_file() and path.suffix in _PROSE
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if _MACHINE.search(line)
    ]
    assert not offences, _told(offences, "A path of one machine works on no other.")


@pytest.mark.parametrize(
    ("rule", "bad", "good"),
    [
        (literal_colours, "label.setStyleSheet('color: #1a2b3c')", "say('Order #127 is ready')"),
        (literal_colours, "QtGui.QColor('red')", "QColor(tokens.accent)"),
        (literal_colours, "pen.setColor(Qt.GlobalColor.red)", "fill(Qt.GlobalColor.transparent)"),
        (decoders_of_their_own, "msgspec.json.decode(raw, type=Order)", "msgspec.json.decode(raw)"),
        (decoders_of_their_own, "msgspec.json.Decoder(Order)", "decoder(Order)"),
        (csv_writers_of_their_own, "csv.DictWriter(file, names)", "csv.DictReader(file)"),
        (terminal_writers, "print(name)", "terminal.lines([name])"),
        (terminal_writers, "sys.stderr.write(words + '\\n')", "sys.stderr.write(printable.lines(words) + '\\n')"),
        (text_that_may_be_markup, "button.setToolTip(name)", "set_tip(button, name)"),
        (text_that_may_be_markup, "QLabel(name)", "label(name)"),
        (starts_of_their_own, "Popen([sys.executable, '-m', 'core.admin'])", "Popen(python('-m', 'core.admin'))"),
        (walks_of_the_focus_chain, "at = at.nextInFocusChain()", "at = panel.findChildren(QWidget)"),
        (walks_of_the_focus_chain, "item = layout.itemAt(0)", "item = layout.takeAt(0)"),
        (crossings_of_their_own, "a.connect(b, Qt.ConnectionType.QueuedConnection)", "a.connect(b)"),
        (crossings_of_their_own, "QThreadPool.globalInstance()", "Channel(self._on_heard)"),
        (waits_for_the_clock, "time.sleep(0.1)", "event.wait(5)"),
        (waits_for_the_clock, "qtbot.wait(10)", "qtbot.waitUntil(done)"),
        (waits_for_the_clock, "till.qtbot.wait(10)", "till.qtbot.waitUntil(done)"),
        (waits_for_the_clock, "asyncio.sleep(1)", "asyncio.sleep(0)"),
        (threads_that_a_mistake_ends, "threading.Thread(target=work)", "keep_running(work, 'worker')"),
        (names_that_say_nothing, "class OrderManager: ...", "class Managed: ..."),
    ],
)
def test_each_rule_can_be_broken(rule: Callable[[Nodes], Offences], bad: str, good: str) -> None:
    assert list(rule(_nodes(bad)))
    assert not list(rule(_nodes(good)))


@pytest.mark.parametrize("line", ["cd /ro" + "ot/app", "file:///op" + "t/pypi/simple", r"C:\Us" + r"ers\kim"])
def test_a_path_of_a_machine_is_seen(line: str) -> None:
    assert _MACHINE.search(line)
    assert not _MACHINE.search("/api/online/orders/history/ and docs/roots/ and https://example.org/home/")
