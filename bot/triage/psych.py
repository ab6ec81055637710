"""Policy files are written for Ruby's YAML reader, Psych; where it reads a scalar otherwise than PyYAML, so do we."""

from __future__ import annotations

import re
from typing import Any

import yaml

_WITH_COMMAS = re.compile(r"[-+]?[0-9][0-9_]*(?:,[0-9_]+)+\Z")
_CLOCK = re.compile(r"[-+]?[0-9]+(?::[0-5]?[0-9]){1,2}\Z")


class PsychLoader(yaml.SafeLoader):
    """Psych 4 in safe mode, YAML 1.1."""


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    text = loader.construct_scalar(node).replace("_", "").replace(",", "")
    if not text.strip("+-"):
        return str(node.value)
    if _CLOCK.match(text):
        # Psych counts 1:30 as hours and minutes, PyYAML as minutes and seconds.
        hours, minutes, seconds = ([int(part) for part in text.lstrip("+-").split(":")] + [0, 0])[:3]
        value = hours * 3600 + minutes * 60 + seconds
        return -value if text.startswith("-") else value
    try:
        return loader.construct_yaml_int(node) if "," not in node.value else int(text)
    except ValueError:
        return str(node.value)


def _date(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    raise yaml.constructor.ConstructorError(
        None, None, f"{node.value} is a date to YAML, which the gem refuses; put it in quotes", node.start_mark
    )


def _unknown(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    raise yaml.constructor.ConstructorError(
        None,
        None,
        f"{node.tag} is a tag to YAML: what follows it is lost or read as something else; put the text in quotes",
        node.start_mark,
    )


def _text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return str(node.value)


PsychLoader.add_constructor("tag:yaml.org,2002:int", _integer)
PsychLoader.add_constructor("tag:yaml.org,2002:timestamp", _date)
PsychLoader.add_constructor("tag:yaml.org,2002:value", _text)
PsychLoader.add_constructor("!ruby/regexp", _unknown)
PsychLoader.add_constructor(None, _unknown)
PsychLoader.add_implicit_resolver("tag:yaml.org,2002:int", _WITH_COMMAS, list("-+0123456789"))


def key_name(key: Any) -> Any:
    """`:rules:` is the key `rules`."""
    return key[1:] if isinstance(key, str) and key.startswith(":") and len(key) > 1 else key
