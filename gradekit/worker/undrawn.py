"""A figure that nobody will look at: it is not drawn, and laid out where code asks where its axes are."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from matplotlib.layout_engine import ConstrainedLayoutEngine, PlaceHolderLayoutEngine
from matplotlib.transforms import Bbox

DUE = "_gradekit_due"  # of a place: its figure, and all places of that


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


def is_mere_figure(value: object) -> bool:
    """Tell whether a value is a figure of matplotlib's to whose drawing nothing listens, as an animation does."""
    figures = sys.modules.get("matplotlib.figure")
    if figures is None or not isinstance(value, figures.Figure):
        return False
    return not value.canvas.callbacks.callbacks.get("draw_event")


def leave_undrawn(figure: Any) -> None:
    """Do without drawing a figure: what drawing would have moved is moved where somebody asks.

    Laying out is most of what an undrawn figure costs, and hardly any code asks. A tight layout changes settings of the
    figure too, of which nothing tells that they are read: it is laid out at once.
    """
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        places = [place for axes in figure.axes for place in _places(axes) if type(place) is Bbox]
        for place in places:
            place.invalidate()  # what has been computed of it would not ask again
            place.__dict__[DUE] = (figure, places)
            place.__class__ = Awaited
    elif not (engine is None or isinstance(engine, PlaceHolderLayoutEngine)):  # that of tight_layout(), which is done
        figure.draw_without_rendering()


def _places(axes: Any) -> tuple[Any, ...]:
    return getattr(axes, "_position", None), getattr(axes, "_originalPosition", None)


def _settle(place: Awaited) -> None:
    """Lay out the figure as drawing does, every place of its axes being plain again."""
    figure, places = place.__dict__[DUE]
    for each in places:
        del each.__dict__[DUE]
        each.__class__ = Bbox
    with suppress(Exception):  # drawing would have failed in the cell that showed it
        figure.draw_without_rendering()
