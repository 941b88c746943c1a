"""The short notices that a page shows after an act."""

from tests.replica.linkedin.pages_lists.look import Look
from tests.replica.linkedin.pages_lists.tree import Effect, e, remove

_SHOWN_MS = 6000


def toast(look: Look, text: str, *, error: bool = False) -> Effect:
    """Return the effect that shows a notice in the page's toast area."""
    close = e("button", "✕", type="button", aria_label="Dismiss", on={"click": (remove("toast"),)})
    if look.ember:
        kind = "error" if error else "success"
        item = e(
            "div",
            e("p", text, cls="artdeco-toast-item__message"),
            close,
            ref="toast",
            cls="artdeco-toast-item",
            data_test_artdeco_toast_item_type=kind,
            role="alert",
        )
    else:
        item = e("div", e("p", text), close, ref="toast", cls=look.cls("toast"))
    return Effect("notice", "toasts", (item,), after_ms=80, value=_SHOWN_MS)
