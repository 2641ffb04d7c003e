"""Sources whose instances are elsewhere: remote application entities and DICOMweb servers, one or many at once.

- `remote`: what another archive can be asked, whatever it speaks
- `remote_ae`, with `steps`, `identifiers` and `hierarchical_search` for C-FIND, and `spooled` for what is sent on
- `remote_web`, with `web_query` for QIDO-RS
- `answers`: answers to searches, put together from what others say; `counting`: how many instances somebody has
- `caching`: a remote as a `Source`, with `shared_retrieve` for all who want the same; `named`: one found by its name
- `retention` and `adopting`: what a bridge keeps only for a while
- `federated`: several sources as one
"""
