"""All of the shop's orders: searched, shown, and exported."""
