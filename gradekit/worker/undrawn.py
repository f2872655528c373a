"""A figure that nobody will look at: it is not drawn, and laid out where code asks where its axes are."""

from __future__ import annotations

import copy
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from matplotlib.layout_engine import ConstrainedLayoutEngine, PlaceHolderLayoutEngine
from matplotlib.transforms import Bbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DUE = "_gradekit_due"  # of a place: its figure, what was to lay that out, and all of its places


class Awaited(Bbox):
    """Where axes are, until somebody asks: the whole figure is laid out then, and this is a plain place again."""

    @property
    def _points(self) -> Any:
        _settle(self)
        return self._points  # of the plain place

    @_points.setter
    def _points(self, points: Any) -> None:
        _settle(self)
        self._points = points

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Be copied and kept as a plain place."""
        _settle(self)
        return self.__reduce_ex__(protocol)

    def __copy__(self) -> Any:
        """Be copied as a plain place: matplotlib's own way of copying does not ask the above."""
        _settle(self)
        return copy.copy(self)


def is_mere_figure(value: object) -> bool:
    """Tell whether a value is a figure of matplotlib's to whose drawing nothing listens, as an animation does."""
    figures = sys.modules.get("matplotlib.figure")
    if figures is None or not isinstance(value, figures.Figure):
        return False
    return not value.canvas.callbacks.callbacks.get("draw_event")


def leave_undrawn(figure: Any) -> None:
    """Do without drawing a figure: what drawing would have moved is moved where somebody asks.

    Laying out is most of what an undrawn figure costs, and hardly any code asks. But nothing tells that what else it
    changes is read: settings of the figure by a tight layout, places of figures within one, limits of axes of an equal
    scale. Such a figure is laid out at once.
    """
    engine = figure.get_layout_engine()
    if engine is None or isinstance(engine, PlaceHolderLayoutEngine):  # that of tight_layout(), which is done
        return
    if not isinstance(engine, ConstrainedLayoutEngine) or figure.subfigs or any(map(_moves_limits, figure.axes)):
        figure.draw_without_rendering()
        return
    places = [place for axes in _all(figure.axes) for place in _places(axes) if type(place) is Bbox]
    for place in places:
        place.invalidate()  # what has been computed of it would not ask again
        place.__dict__[DUE] = (figure, engine, places)
        place.__class__ = Awaited


def _all(axes: Iterable[Any]) -> Iterator[Any]:
    """Yield axes, and those that lie in them, which no figure lists."""
    for each in axes:
        yield each
        yield from _all(each.child_axes)


def _moves_limits(axes: Any) -> bool:
    return bool(axes.get_adjustable() == "datalim" and axes.get_aspect() != "auto")


def _places(axes: Any) -> tuple[Any, ...]:
    return getattr(axes, "_position", None), getattr(axes, "_originalPosition", None)


def _settle(place: Awaited) -> None:
    """Lay out the figure as drawing does, every place of its axes being plain again."""
    figure, engine, places = place.__dict__[DUE]
    for each in (place, *places):  # axes may share one
        each.__dict__.pop(DUE, None)
        each.__class__ = Bbox
    with suppress(Exception):  # drawing would have failed in the cell that showed it
        if figure.get_layout_engine() is engine:
            figure.draw_without_rendering()
        else:  # was taken from it since
            engine.execute(figure)
