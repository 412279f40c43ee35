"""What tests share: a fake of the backend's door, real servers and shops, and things to put in them."""
