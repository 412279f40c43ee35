"""The dialog that asks where a file is to be saved."""

from collections.abc import Sequence

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget


def save_dialog(parent: QWidget, title: str, kinds: Sequence[str], file: str, name: str = "") -> QFileDialog:
    """A dialog for a new file, in the person's documents. `kinds` are its filters; `file` is the suggested name, whose
    ending is added where one is missing. Connect `fileSelected`, then `open` it; it deletes itself."""
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    dialog = QFileDialog(parent, title, folder)
    dialog.setObjectName(name)
    dialog.setNameFilters(list(kinds))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(file.rpartition(".")[2])
    dialog.selectFile(file)
    dialog.finished.connect(dialog.deleteLater)
    return dialog
