"""The server's database: tables, transactions, and queries. Domain types go in and come out."""
