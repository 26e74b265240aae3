"""Plots an ``lr_bounds`` document: the shaded cycle, and a row for each rule, our own first."""

from collections.abc import Mapping
from typing import Any

from api.plots.figure import Item, Mark, Panel, Role, Rule, Span
from api.plots.labels import number, rule_name

TONES: dict[str, Role] = {"high": "green", "medium": "green", "low": "orange", "none": "red"}
ROW_WEIGHT = 0.17


def answered(document: Mapping[str, Any]) -> tuple[str, Role]:
    """The bounds in one line, and its colour."""
    confidence = document["confidence"]
    grade = str(confidence["grade"])
    if document["bounds"] is None:
        return "No bounds can be defended", TONES["none"]
    text = f"max_lr {number(document['bounds']['max_lr'])}"
    if interval := confidence.get("max_lr"):
        percent = f"{100 * confidence.get('level', 0.9):.0f} %"
        text += f" ({percent} interval {number(interval['low'])} to {number(interval['high'])})"
    return f"{text}, base_lr {number(document['bounds']['base_lr'])}, grade {grade}", TONES.get(grade, "orange")


def bounds_items(document: Mapping[str, Any]) -> list[Item]:
    """The range of a cycle, both ends, and the interval of each."""
    bounds, confidence = document["bounds"], document["confidence"]
    items: list[Item] = [Span(bounds["base_lr"], bounds["max_lr"], "green", "the LRs of a cycle", 0.12)]
    percent = f"{100 * confidence.get('level', 0.9):.0f} % intervals of the bounds"
    for name, side in (("base_lr", "left"), ("max_lr", "right")):
        lr = bounds[name]
        if interval := confidence.get(name):
            label = percent if name == "max_lr" else None
            items.append(Span(interval["low"], interval["high"], "green", label, 0.25))
        items.append(Rule(lr, "green", None, f"{name}\n{number(lr)}", "left" if side == "left" else "right"))
    return items


def answer_panel(document: Mapping[str, Any]) -> Panel:
    """One row for each bound, then one for each other rule's ``max_lr``."""
    bounds, confidence = document["bounds"] or {}, document["confidence"]
    rows, items = list[str](), list[Item]()
    for name in ("max_lr", "base_lr"):
        if name in bounds:
            interval = confidence.get(name)
            ends = (interval["low"], interval["high"]) if interval else None
            items.append(Mark(bounds[name], len(rows), "green", "circle", number(bounds[name]), ends, size=9.0))
            rows.append(name)
    for rule in document.get("alternatives") or []:
        items.append(Mark(rule["lr"], len(rows), "orange", "diamond", number(rule["lr"])))
        rows.append(rule_name(rule["method"]))
    return Panel(tuple(items), "", (len(rows) - 0.4, -0.6), ROW_WEIGHT * len(rows), tuple(rows))
