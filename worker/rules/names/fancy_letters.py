"""Letters in fancy type, as people use them to make a name stand out, and the plain letters they stand for."""

import unicodedata

_SMALL_CAPITALS = dict(
    zip(
        "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢꞯ",  # noqa: RUF001 -- small capitals are meant
        "abcdefghijklmnopqrstuvwyzq",
        strict=True,
    )
)
_KINDS = ("<font>", "<wide>", "<narrow>", "<circle>", "<square>")
_CAPITALS_IN_SIGNS = (0x1F150, 0x1F170)
"""Where the alphabets of negative circled and negative squared capitals begin; they have no decomposition."""

_TURNED = frozenset("ɐɹʇʞɥɯʎʍɟ")
"""Letters of text turned upside down, which is not turned back."""


def to_plain_letter(character: str) -> str:
    """Return the plain letter for one in fancy type, and any other character unchanged.

    The ordinal signs of Mª and Drª become a letter with a full stop: they mark abbreviations. A letter of
    text that is turned upside down becomes a character that is in no name.
    """
    if character < "\u00aa":
        return character
    if character in "ªº":
        return "a." if character == "ª" else "o."
    if character in _SMALL_CAPITALS:
        return _SMALL_CAPITALS[character]
    if character in _TURNED:
        return "#"
    for first in _CAPITALS_IN_SIGNS:
        if 0 <= ord(character) - first < 26:
            return chr(ord("A") + ord(character) - first)
    kind = unicodedata.decomposition(character).partition(" ")[0]
    is_letter = unicodedata.category(character)[0] == "L"
    if kind in _KINDS or (kind == "<super>" and is_letter):
        plain = unicodedata.normalize("NFKC", character)
        return plain if kind in _KINDS[:3] or plain.isalpha() else character
    return character
