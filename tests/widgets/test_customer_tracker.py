"""The tracker: one order's truth, with its times and words, never another order's."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
import pytest
from PySide6.QtCore import QPropertyAnimation
from PySide6.QtWidgets import QPushButton, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from core.domain.commands import CancelOrder, TakeOrder
from core.domain.order import NewLine, Order, Payment, StatusChange, Tender
