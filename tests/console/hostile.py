"""Names and texts that a site or a file might hold to do harm."""

from typing import Final

HOSTILE: Final = (
    "<script>document.title='owned'</script>",
    "\"><img src=x onerror=document.title='owned'>",
    "{{7*7}}{% for x in y %}${7*7}",
    "\u202egnp.evil\u202c \u2066right\u2069",
    "A\u0000B\u001b[31m\u0085C",
    "W" * 300,
    "'; drop table contacts; --",
    "<b onmouseover=alert(1)>&lt;i&gt;&amp;",
)
"""Shown as text everywhere: no tag of theirs becomes an element, no direction control reaches a page."""
