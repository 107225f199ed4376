"""The storefront API: GraphQL over POST /graphql/ of a shop.

Owns no tables. A request passes: key and token (`access`), size (`limits`), the cache of parsed and validated documents
(`documents`), resolvers by noun (`schema/`), and the mapping of errors (`errors`); `view` ties them together.

Invariants: resolvers parse, make one domain call and render; a refused mutation leaves nothing; a server fault rolls
the whole request back and shows nothing of itself; `schema.graphql` is the schema in force.
"""
