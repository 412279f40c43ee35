"""Statements: their types, the differences between both databases, and the partitions of PostgreSQL."""
