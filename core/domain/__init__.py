"""The trade's rules: orders, statuses, menus, money, people. Pure: no I/O, no clock, no framework."""
