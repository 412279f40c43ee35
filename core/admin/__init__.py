"""The command line: everything that is done to Orderbell from outside its windows."""
