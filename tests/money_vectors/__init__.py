"""Worked cases of money, run through the product's own functions: `python -m tests.money_vectors FILE`.

A file is `{"format": 1, "cases": [{"name", "kind", "input", "expected"}]}`; amounts are integers of the minor unit,
rates integers of 1/1000 %, and a case that must be refused expects `{"error": code}`.
"""
