"""Pages as trees that a script builds in the browser, as React does: links inside links survive.

A tree goes to the browser as JSON. `static/build.js` makes the elements and runs the effects.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Effect:
    """One change of the page. `at` names an element by its reference; `after_ms` is a delay before it."""

    op: str
    at: str = "body"
    nodes: tuple["Child", ...] = ()
    after_ms: int = 0
    value: Json = None

    def to_json(self) -> Json:
        return {
            "op": self.op,
            "at": self.at,
            "nodes": [child_to_json(node) for node in self.nodes],
            "after_ms": self.after_ms,
            "value": self.value,
        }


@dataclass(frozen=True, slots=True)
class Call:
    """A request of the page's script, whose answer is a list of effects. `fields` are values of inputs."""

    url: str
    method: str = "GET"
    fields: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {"url": self.url, "method": self.method, "fields": dict(self.fields)}


Reaction = Call | tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """One element. `on` maps an event to what follows: click, input, visible (when scrolled into view)."""

    tag: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: tuple["Child", ...] = ()
    ref: str | None = None
    on: Mapping[str, Reaction] = field(default_factory=dict)

    def to_json(self) -> Json:
        node: dict[str, Json] = {
            "t": self.tag,
            "a": dict(self.attributes),
            "c": [child_to_json(child) for child in self.children],
        }
        if self.ref:
            node["r"] = self.ref
        if self.on:
            node["on"] = {event: reaction_to_json(reaction) for event, reaction in self.on.items()}
        return node


Child = Node | str


def reaction_to_json(reaction: Reaction) -> Json:
    if isinstance(reaction, Call):
        return reaction.to_json()
    return [effect.to_json() for effect in reaction]


def child_to_json(child: Child) -> Json:
    return child if isinstance(child, str) else child.to_json()


def effects_to_json(effects: Iterable[Effect]) -> Json:
    return [effect.to_json() for effect in effects]


def e(
    tag: str,
    *children: Child | Iterable[Child | None] | None,
    ref: str | None = None,
    on: Mapping[str, Reaction] | None = None,
    **attributes: str | bool | None,
) -> Node:
    """Return an element. `cls` is the class, `data_x` is data-x; None and False leave an attribute out."""
    named = {
        {"cls": "class", "for_": "for"}.get(name, name.replace("_", "-")): "" if value is True else value
        for name, value in attributes.items()
        if value is not None and value is not False
    }
    flat: list[Child] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, str | Node):
            flat.append(child)
        else:
            flat.extend(one for one in child if one is not None)
    return Node(tag, named, tuple(flat), ref, on or {})


def append(at: str, *nodes: Child, after_ms: int = 0) -> Effect:
    return Effect("append", at, nodes, after_ms)


def before(at: str, *nodes: Child, after_ms: int = 0) -> Effect:
    return Effect("before", at, nodes, after_ms)


def replace(at: str, *nodes: Child, after_ms: int = 0) -> Effect:
    return Effect("replace", at, nodes, after_ms)


def fill(at: str, *nodes: Child, after_ms: int = 0) -> Effect:
    """Replace the children of an element."""
    return Effect("fill", at, nodes, after_ms)


def remove(at: str, after_ms: int = 0) -> Effect:
    return Effect("remove", at, after_ms=after_ms)


def set_attribute(at: str, name: str, value: str | None) -> Effect:
    """Set an attribute of an element, or take it away."""
    return Effect("attribute", at, value={"name": name, "value": value})
