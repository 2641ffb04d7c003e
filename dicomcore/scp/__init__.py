"""Service class provider: a `Source` served to other application entities (PS3.4).

The map, from the association down:

- `acceptance`: who may come in, with which SOP Classes and transfer syntaxes, and what extended negotiation is answered
- `services`: the `Provider`, which takes messages and brings each request to the module that performs it
- `operation`: one request, and the way to answer it
- `verification`; `storage`, with `identity`: who a spooled instance is
- `query_retrieve` for C-FIND, with `identifiers`, `find_request` and `flat_responses`
- `retrieve` for C-GET and C-MOVE, with `retrieve_identifiers` and `matches`: what is asked for; `encoding`: how it is
  sent; `suboperations`: what we invoke, and how it is counted
- `commitment` for the Storage Commitment Push Model; `references`: instances by their UIDs alone
"""
