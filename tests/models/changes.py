"""What a model told its views, in words."""

from PySide6.QtCore import QAbstractItemModel, QModelIndex


class Recorder:
    """Writes down every change a model announces: `in 0-1`, `out 3-3`, `changed 2-2`, `reset`."""

    def __init__(self, model: QAbstractItemModel) -> None:
        self._said: list[str] = []
        model.rowsInserted.connect(lambda _parent, first, last: self._said.append(f"in {first}-{last}"))
        model.rowsRemoved.connect(lambda _parent, first, last: self._said.append(f"out {first}-{last}"))
        model.dataChanged.connect(self._on_data_changed)
        model.modelReset.connect(lambda: self._said.append("reset"))

    def _on_data_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        self._said.append(f"changed {first.row()}-{last.row()}")

    def take(self) -> list[str]:
        """What was said since the last time."""
        said, self._said = self._said, []
        return said
