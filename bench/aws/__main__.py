"""`python -m bench.aws`: this comparison alone."""

from __future__ import annotations

from bench.aws import overhead
from bench.findings import Findings

findings = Findings()
overhead.measure(findings)
for each in findings.figures:
    target = "" if each.target is None else f", at most {each.target:g} {each.unit}"
    print(f"{each.name}: {each.value:.2f} {each.unit} ({each.low:.2f} - {each.high:.2f}{target})")
