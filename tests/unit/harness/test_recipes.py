"""The recipes can still be followed: each step finds its place, and the document names each file that it touches."""

from pathlib import Path
from types import ModuleType

import pytest

from tests.recipes.__main__ import RECIPES, follow
from tests.recipes.copies import Copy, Lost
from tests.recipes.document import ROOT, Recipe


@pytest.mark.parametrize("module", RECIPES.values(), ids=list(RECIPES))
def test_a_recipe_touches_what_it_names_and_no_more_than_it_may(module: ModuleType, tmp_path: Path) -> None:
    touched = follow(module, Copy(ROOT, tmp_path / "copy"))
    assert 0 < len(touched) <= module.MOST
    assert Recipe(ROOT, module.HEADING).tests


def test_a_step_that_finds_no_place_or_two_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "once.py").write_text("one\ntwo\ntwo\n")
    copy = Copy(tmp_path / "there", tmp_path / "copy")
    for place in ("two\n", "three\n"):
        with pytest.raises(Lost):
            copy.insert("once.py", place, "more\n")
    with pytest.raises(Lost):
        copy.write("once.py", "")
    assert copy.touched() == []
    copy.insert("once.py", "one\n", "more\n")
    copy.write("docs/api.md", "generated")
    assert copy.touched() == ["once.py"]


def test_a_recipe_names_a_file_with_a_blank_by_its_pattern(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    text = "## Bake\n\n`icons/a-<value>.svg`, then `python -m oven.on`.\n\n## Eat\n\n`core/eat.py`\n"
    (tmp_path / "docs" / "recipes.md").write_text(text)
    recipe = Recipe(tmp_path, "Bake")
    assert recipe.commands == [["python", "-m", "oven.on"]]
    assert [recipe.has(path) for path in ("icons/a-b.svg", "icons/b.svg", "core/eat.py")] == [True, False, False]
    with pytest.raises(ValueError, match="no section"):
        Recipe(tmp_path, "Wash")
