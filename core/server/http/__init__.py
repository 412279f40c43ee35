"""From HTTP to endpoints and back: connections, the endpoint table's types, problems, and the API's documents."""
