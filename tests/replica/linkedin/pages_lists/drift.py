"""Drift: changes of the markup that a site makes over time, as a change of every tree that goes out."""

import hashlib
import re
from dataclasses import replace

from tests.replica.linkedin.pages_lists.tree import Call, Child, Effect, Node, Reaction

_KEPT_CLASSES = frozenset({"visually-hidden"})
_TAGS = {"h2": "h3", "article": "div", "section": "div", "li": "div", "ul": "div"}
_ROLES = {"listitem": None, "list": "group", "main": "region", "toolbar": None, "alertdialog": "dialog"}
_WORDS = {
    "Celebrate": "Wish a happy day:",
    "Célébrez": "Fêtez",
    "Load more": "See more",
    "Charger plus": "Voir plus",
    "Mehr laden": "Mehr sehen",
    "Cargar más": "Ver más",
    "Załaduj więcej": "Zobacz więcej",
    "Message ": "Write to ",
    "Withdraw": "Take back",
    "Retirer": "Annuler",
    "zurückziehen": "zurücknehmen",
    "Retirar": "Anular",
    "Wycofaj": "Cofnij",
}
_MEMBER_ID = re.compile(r"ACoA[\w-]{35}")
_URN_PARAMETER = re.compile(r"(?<=fsd_profile%3A)ACoA[\w-]{35}")


def drifted(child: Child, level: int) -> Child:
    """Return a tree after a drift.

    1 renames classes and keys and drops view names. 2 also changes roles, tags and words. With 3, two
    marks of one thing also name different people.
    """
    if isinstance(child, str):
        return _reworded(child) if level >= 2 else child
    return replace(
        child,
        attributes=_attributes(child, level),
        tag=_TAGS.get(child.tag, child.tag) if level >= 2 else child.tag,
        children=tuple(drifted(one, level) for one in child.children),
        on={event: _reaction(reaction, level) for event, reaction in child.on.items()},
    )


def drifted_effects(effects: tuple[Effect, ...], level: int) -> tuple[Effect, ...]:
    """Return effects whose trees have drifted."""
    return tuple(
        replace(effect, nodes=tuple(drifted(node, level) for node in effect.nodes)) for effect in effects
    )


def _reaction(reaction: Reaction, level: int) -> Reaction:
    return reaction if isinstance(reaction, Call) else drifted_effects(reaction, level)


def _attributes(node: Node, level: int) -> dict[str, str]:
    attributes = dict(node.attributes)
    if level >= 3:
        attributes = {name: _contradicted(name, value) for name, value in attributes.items()}
    if level >= 1:
        attributes.pop("data-view-name", None)
        if "componentkey" in attributes:
            attributes["componentkey"] = _hash(attributes["componentkey"])
        if "class" in attributes:
            attributes["class"] = " ".join(map(_renamed_class, attributes["class"].split()))
    if level >= 2:
        attributes.pop("data-testid", None)
        screen = attributes.get("data-sdui-screen")
        if screen:
            attributes["data-sdui-screen"] = screen.replace(".flagshipnav.", ".screens.")
        role = attributes.get("role")
        if role in _ROLES:
            attributes.pop("role")
            if new := _ROLES[role]:
                attributes["role"] = new
        if "aria-label" in attributes:
            attributes["aria-label"] = _reworded(attributes["aria-label"])
    return attributes


def _renamed_class(name: str) -> str:
    """Return a new name of a readable class; a hashed one is new with every start anyway."""
    return name if name in _KEPT_CLASSES or name.startswith("_") else "c-" + _hash(name)[:8]


def _hash(text: str) -> str:
    return hashlib.sha256(f"drift {text}".encode()).hexdigest()[:16]


def _reworded(text: str) -> str:
    for old, new in _WORDS.items():
        text = text.replace(old, new)
    return text


def _contradicted(name: str, value: str) -> str:
    """Return an attribute with another, well-formed member id, where a second mark keeps the right one."""
    if name == "href":
        return _URN_PARAMETER.sub(_other_id, value)
    if name in {"componentkey", "id"}:
        return _MEMBER_ID.sub(_other_id, value)
    return value


def _other_id(match: re.Match[str]) -> str:
    return match[0][:5] + match[0][5:][::-1]
