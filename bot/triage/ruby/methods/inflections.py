"""English as ActiveSupport bends it: plurals, titles, names."""

from __future__ import annotations

import re
import unicodedata

_PLURALS = (
    (r"(quiz)$", r"\1zes"),
    (r"^(oxen)$", r"\1"),
    (r"^(ox)$", r"\1en"),
    (r"^(m|l)ice$", r"\1ice"),
    (r"^(m|l)ouse$", r"\1ice"),
    (r"(matr|vert|ind)(?:ix|ex)$", r"\1ices"),
    (r"(x|ch|ss|sh)$", r"\1es"),
    (r"([^aeiouy]|qu)y$", r"\1ies"),
    (r"(hive)$", r"\1s"),
    (r"(?:([^f])fe|([lr])f)$", r"\1\2ves"),
    (r"sis$", "ses"),
    (r"([ti])a$", r"\1a"),
    (r"([ti])um$", r"\1a"),
    (r"(buffal|tomat)o$", r"\1oes"),
    (r"(bu)s$", r"\1ses"),
    (r"(alias|status)$", r"\1es"),
    (r"(octop|vir)i$", r"\1i"),
    (r"(octop|vir)us$", r"\1i"),
    (r"^(ax|test)is$", r"\1es"),
    (r"s$", "s"),
    (r"$", "s"),
)
_SINGULARS = (
    (r"(database)s$", r"\1"),
    (r"(quiz)zes$", r"\1"),
    (r"(matr)ices$", r"\1ix"),
    (r"(vert|ind)ices$", r"\1ex"),
    (r"^(ox)en", r"\1"),
    (r"(alias|status)(es)?$", r"\1"),
    (r"(octop|vir)(us|i)$", r"\1us"),
    (r"^(a)x[ie]s$", r"\1xis"),
    (r"(cris|test)(is|es)$", r"\1is"),
    (r"(shoe)s$", r"\1"),
    (r"(o)es$", r"\1"),
    (r"(bus)(es)?$", r"\1"),
    (r"^(m|l)ice$", r"\1ouse"),
    (r"(x|ch|ss|sh)es$", r"\1"),
    (r"(m)ovies$", r"\1ovie"),
    (r"(s)eries$", r"\1eries"),
    (r"([^aeiouy]|qu)ies$", r"\1y"),
    (r"([lr])ves$", r"\1f"),
    (r"(tive)s$", r"\1"),
    (r"(hive)s$", r"\1"),
    (r"([^f])ves$", r"\1fe"),
    (r"(^analy)(sis|ses)$", r"\1sis"),
    (r"((a)naly|(b)a|(d)iagno|(p)arenthe|(p)rogno|(s)ynop|(t)he)(sis|ses)$", r"\1sis"),
    (r"([ti])a$", r"\1um"),
    (r"(n)ews$", r"\1ews"),
    (r"(ss)$", r"\1"),
    (r"s$", ""),
)
_IRREGULAR = (
    ("person", "people"),
    ("man", "men"),
    ("child", "children"),
    ("sex", "sexes"),
    ("move", "moves"),
    ("zombie", "zombies"),
)
_SAME = ("equipment", "information", "rice", "money", "species", "series", "fish", "sheep", "jeans", "police")


def _bent(word: str, rules: tuple[tuple[str, str], ...], to_plural: bool) -> str:
    if not word or re.search(rf"\b(?:{'|'.join(_SAME)})\Z", word, re.IGNORECASE):
        return word
    for one, many in _IRREGULAR:
        for source, target in ((one, many), (many, many)) if to_plural else ((many, one), (one, one)):
            match = re.search(rf"({source[0]}){source[1:]}\Z", word, re.IGNORECASE)
            if match:
                return word[: match.start()] + match[1] + target[1:]
    for pattern, replacement in rules:
        changed, count = re.subn(pattern, replacement, word, count=1, flags=re.IGNORECASE)
        if count:
            return changed
    return word


def pluralize(word: str) -> str:
    return _bent(word, _PLURALS, to_plural=True)


def singularize(word: str) -> str:
    return _bent(word, _SINGULARS, to_plural=False)


def underscore(word: str) -> str:
    if not re.search(r"[A-Z-]|::", word):
        return word
    word = word.replace("::", "/")
    word = re.sub(r"(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z\d])(?=[A-Z])", "_", word)
    return word.replace("-", "_").lower()


def humanize(word: str, *, capitalize: bool = True) -> str:
    word = re.sub(r"_id\Z", "", word.lstrip("_"))
    word = word.replace("_", " ")
    word = re.sub(r"([a-z\d]+)", lambda match: match[1].lower(), word, flags=re.IGNORECASE)
    return word[:1].upper() + word[1:] if capitalize else word


def titleize(word: str) -> str:
    return re.sub(r"\b(?<!\w['’`()])[a-z]", lambda match: match[0].upper(), humanize(underscore(word)))


def camelize(word: str, first: str = "upper") -> str:
    if first == "upper":
        word = re.sub(r"^[a-z\d]*", lambda match: match[0][:1].upper() + match[0][1:], word)
    else:
        word = word[:1].lower() + word[1:]
    word = re.sub(
        r"(?:_|(/))([a-z\d]*)",
        lambda match: (match[1] or "") + match[2][:1].upper() + match[2][1:].lower(),
        word,
        flags=re.IGNORECASE,
    )
    return word.replace("/", "::")


def transliterate(text: str) -> str:
    """Letters without their accents; what has no plain letter becomes a question mark."""
    special = {
        "ß": "ss",
        "Æ": "AE",
        "æ": "ae",
        "Ø": "O",
        "ø": "o",
        "Đ": "D",
        "đ": "d",
        "Ł": "L",
        "ł": "l",
        "Þ": "Th",
        "þ": "th",
        "Œ": "OE",
        "œ": "oe",
        "ð": "d",
        "Ð": "D",
        "ı": "i",
    }
    parts = []
    for character in unicodedata.normalize("NFC", text):
        if ord(character) < 128:
            parts.append(character)
        elif character in special:
            parts.append(special[character])
        else:
            base = unicodedata.normalize("NFD", character)[0]
            parts.append(base if ord(base) < 128 else "?")
    return "".join(parts)


def parameterize(text: str, separator: str = "-", *, preserve_case: bool = False) -> str:
    result = re.sub(r"[^a-z0-9\-_]+", separator, transliterate(text), flags=re.IGNORECASE)
    if separator:
        quoted = re.escape(separator)
        result = re.sub(rf"{quoted}{{2,}}", separator, result)
        result = re.sub(rf"^{quoted}|{quoted}$", "", result)
    return result if preserve_case else result.lower()
