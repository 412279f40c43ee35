"""What can be done with orders and the menu, inside one transaction of the writer."""
