"""Changes of orders and menus, inside a transaction of the writer."""
