"""The commands of ``isocenter``, one module each; `app.cli` puts them together.

- `options`: settings as command line options
- `serve`: the server
- `import_`, `export`: instances in and out, without a server
- `migrate`, `reindex`, `verify`: care of index and storage
- `node`: who we talk to, with `known_nodes`; `echo`, `find`, `get`, `move`, `send` talk to them: by DIMSE with
  `identifiers`, `retrieving` and `received`, to DICOMweb servers with `web`
"""
