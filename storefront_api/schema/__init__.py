"""The GraphQL schema by noun; `root` puts it together."""
