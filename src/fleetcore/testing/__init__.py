"""For tests of fleetcore and of adapters made elsewhere: strategies and contract suites.

Needs the extra `testing`.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(f"{__name__}.contracts")
