"""Mask the snapshots of a recording: documents as Playwright writes them, nested lists of nodes.

A node is a text, a reference to a node of an earlier snapshot (`[[2, 14]]`), or an element: its name, its
attributes and its children. The structure stays, so that references remain right; what a person could read
goes, except for what identifies elements to a selector.
"""

import re
from typing import Any, Final

from worker.browser.traces.text import MASK, mask_address, mask_text

_KEPT: Final = re.compile(
    "charset|class|colspan|contenteditable|dir|disabled|for|height|hidden|id|lang|media|name|open|rel|role|"
    "rowspan|tabindex|type|width"
    "|aria-(?:busy|checked|controls|current|describedby|disabled|expanded|haspopup|hidden|invalid|labelledby|"
    "level|live|modal|pressed|readonly|required|selected)"
    "|__playwright_(?:bounding_rect|checked|custom_elements|dialog_open|popover_open|scroll_left|scroll_top|"
    "selected|shadow_root|style_sheet|target)_*"
)
"""Attributes that hold no text of a page. Of Playwright's own, a field's value is not among them."""
_ADDRESSES: Final = frozenset(("action", "formaction", "href", "src"))


def mask_document(root: object) -> object:
    """Mask the document in place, and return it. An unknown form of a node becomes an empty text."""
    holder: list[Any] = [root]
    open_nodes: list[tuple[list[Any], int, str]] = [(holder, 0, "")]
    while open_nodes:
        within, place, parent = open_nodes.pop()
        node = within[place]
        if isinstance(node, str):
            if parent != "STYLE":
                within[place] = mask_text(node)
        elif _is_element(node):
            children = 1
            if len(node) > 1 and isinstance(node[1], dict):
                node[1] = {name: _mask_attribute(name, value) for name, value in node[1].items()}
                children = 2
            open_nodes += [(node, child, node[0].upper()) for child in range(children, len(node))]
        elif not _is_reference(node):
            within[place] = ""
    return holder[0]


def _is_element(node: object) -> bool:
    return isinstance(node, list) and bool(node) and isinstance(node[0], str)


def _is_reference(node: object) -> bool:
    return (
        isinstance(node, list)
        and len(node) == 1
        and isinstance(node[0], list)
        and all(isinstance(number, int) for number in node[0])
    )


def _mask_attribute(name: str, value: object) -> str:
    if not isinstance(value, str):
        return MASK
    name = name.lower()
    if name in _ADDRESSES:
        return mask_address(value)
    if name == "style":
        return re.sub(r"url\([^)]*\)", "none", value)
    return value if _KEPT.fullmatch(name) else MASK
