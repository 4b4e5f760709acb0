"""Functions of somebody else's, named on the command line as MODULE:FACTORY."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from fleetcore.errors import InvalidConfiguration


def factory_named(name: str, purpose: str) -> object:
    """The function that a module in the working directory, or an installed one, holds.

    `purpose` says what the function is for. Raises `InvalidConfiguration` where there is none.
    """
    module_name, _, attribute = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: object = getattr(import_module(module_name), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise InvalidConfiguration(
            f"{name!r} cannot be imported: {error}; it is MODULE:FACTORY, looked for here and "
            "among what is installed"
        ) from None
    if not callable(found):
        raise InvalidConfiguration(f"{name!r} is no function; {purpose}")
    return found
