"""The server's database: tables, transactions, and what is asked of them. Domain types go in and come out."""
