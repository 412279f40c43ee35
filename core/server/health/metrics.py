"""Metrics in Prometheus format (https://prometheus.io/docs/instrumenting/exposition_formats/).

Figures are counted in the event loop's thread as plain numbers: a request costs half a microsecond, where the library's
counters with their labels and locks cost ten. They are converted when scraped. Each app has its own.
"""

import platform
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from typing_extensions import override

from core.store.engine.distribution import Distribution

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
OTHER: Final = "(other)"
"""The route label of unknown addresses, so that made-up addresses cannot fill the memory."""
_REQUEST_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PUSH_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class RouteFigures:
    """Counts and durations of one route's requests."""

    __slots__ = ("method", "route", "seconds", "statuses")

    def __init__(self, method: str, route: str) -> None:
        self.method = method
        self.route = route
        self.seconds = Distribution(_REQUEST_S)
        self.statuses: dict[int, int] = {}

    def observe(self, status: int, seconds: float) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.seconds.observe(seconds)


class Metrics:
    """The figures of one app, for as long as it runs."""

    def __init__(self) -> None:
        self.push_s = Distribution(_PUSH_S)
        """The time from a commit until every reading screen was sent it."""
        self.screens: Callable[[], Mapping[str, int]] = dict
        """The number of connected screens, by kind."""
        self._routes: list[RouteFigures] = []
        self.other = self.route("", OTHER)

    def route(self, method: str, route: str) -> RouteFigures:
        """Figures for one more route, to be kept by its handler."""
        figures = RouteFigures(method, route)
        self._routes.append(figures)
        return figures

    def exposition(self, *more: Metric) -> bytes:
        """All figures as text, with `more` metrics of the caller's."""
        registry = CollectorRegistry()
        registry.register(_Found((*self._own(), *more)))
        ProcessCollector(registry=registry)
        return generate_latest(registry)

    def _own(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("orderbell_requests", "Requests answered.", labels=("method", "route", "status"))
        seconds = HistogramMetricFamily(
            "orderbell_request_seconds", "From the head of a request until its answer.", labels=("method", "route")
        )
        for each in self._routes:
            for status, count in list(each.statuses.items()):
                requests.add_metric((each.method, each.route, str(status)), count)
            if each.statuses:
                seconds.add_metric((each.method, each.route), _buckets(each.seconds), each.seconds.total)
        yield requests
        yield seconds
        yield histogram("orderbell_push_seconds", "From a commit until all screens were told.", self.push_s)
        yield gauge("orderbell_screens", "Connected screens.", "kind", self.screens())
        build = GaugeMetricFamily("orderbell_build_info", "What runs.", labels=("version", "python", "sqlite"))
        build.add_metric((version("orderbell"), platform.python_version(), sqlite3.sqlite_version), 1)
        yield build


class _Found(Collector):
    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = found

    @override
    def collect(self) -> Iterable[Metric]:
        return self._found


def histogram(name: str, described: str, of: Distribution) -> Metric:
    found = HistogramMetricFamily(name, described)
    found.add_metric((), _buckets(of), of.total)
    return found


def gauge(name: str, described: str, label: str, values: Mapping[Any, float]) -> Metric:
    return labelled(name, described, (label,), {(key,): value for key, value in values.items()})


def labelled(name: str, described: str, labels: Sequence[str], values: Mapping[Any, float]) -> Metric:
    """A gauge with several labels: `values` has a tuple for each key."""
    found = GaugeMetricFamily(name, described, labels=labels)
    for keys, value in values.items():
        found.add_metric(keys, value)
    return found


def single(name: str, described: str, value: float) -> Metric:
    return GaugeMetricFamily(name, described, value=value)


def counter(name: str, described: str, value: float) -> Metric:
    return CounterMetricFamily(name, described, value=value)


def _buckets(of: Distribution) -> list[tuple[str, float]]:
    bounds = [str(bound) for bound in of.bounds]
    return [(bound, float(count)) for bound, count in zip([*bounds, "+Inf"], of.up_to(), strict=True)]
