"""HTTP: connections, the endpoint table's types, problems, and the API's documents."""
