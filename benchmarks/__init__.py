"""What Orderbell claims about speed, as programs that anybody can run: `make bench`."""
