"""The plain letters for those in fancy type, which people use to make a name stand out."""

import unicodedata

_SMALL_CAPITALS = dict(
    zip(
        "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢꞯ",
        "abcdefghijklmnopqrstuvwyzq",
        strict=True,
    )
)
_KINDS = ("<font>", "<wide>", "<narrow>", "<circle>", "<square>")
_NEGATIVE_SIGNS = {
    chr(first + place): chr(ord("A") + place) for first in (0x1F150, 0x1F170) for place in range(26)
}
"""Negative circled and negative squared capitals have no decomposition."""

_TURNED = dict.fromkeys("ɐɹʇʞɥɯʎʍɟ", "#")
"""Letters of text turned upside down, which is not turned back: `#` is in no name."""

_PLAIN = {**_SMALL_CAPITALS, **_NEGATIVE_SIGNS, **_TURNED, "ª": "a.", "º": "o."}


def to_plain_letter(character: str) -> str:
    """Return the plain letter for one in fancy type, and any other character unchanged.

    The ordinal signs of Mª and Drª become a letter with a full stop: they mark abbreviations.
    """
    if character < "\u00aa":
        return character
    if character in _PLAIN:
        return _PLAIN[character]
    kind = unicodedata.decomposition(character).partition(" ")[0]
    is_letter = unicodedata.category(character)[0] == "L"
    if kind in _KINDS or (kind == "<super>" and is_letter):
        plain = unicodedata.normalize("NFKC", character)
        return plain if kind in _KINDS[:3] or (plain.isalpha() and len(plain) == 1) else character
    return character
