"""Domain values as plain data and back, strictly."""

from __future__ import annotations

from typing import Final

from cattrs import Converter


def strict_converter() -> Converter:
    """A converter that refuses unknown keys and values of the wrong type.

    Nothing is coerced, apart from an integer where a float is expected.
    """
    converter = Converter(forbid_extra_keys=True)
    for type_, accepted in _ACCEPTED.items():
        converter.register_structure_hook(type_, _Exactly(type_, accepted))
    return converter


_ACCEPTED: Final[dict[type, tuple[type, ...]]] = {
    str: (str,),
    int: (int,),
    bool: (bool,),
    float: (int, float),
}


class _Exactly:
    """Structures one primitive type from values of the accepted ones."""

    def __init__(self, type_: type, accepted: tuple[type, ...]) -> None:
        self._type = type_
        self._accepted = accepted

    def __call__(self, value: object, _type: object) -> object:
        if type(value) not in self._accepted:
            raise TypeError(f"{value!r} is no {self._type.__name__}")
        return self._type(value)
