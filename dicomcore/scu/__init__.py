"""Service class user: what is asked of other application entities (PS3.4).

The map, from the ground up:

- `operation`: requests and their responses on one association, cancelled or aborted when something goes wrong
- `client`: C-ECHO, C-FIND, C-STORE
- `arrivals`: instances that we asked for, and who takes them; `inbox`: those of a C-MOVE, which come to our listener
- `retrieve`: C-GET and C-MOVE
- `outgoing`: instances that are to be sent; `purposes`: what associations are asked for
- `pool`: associations that are kept open; `sending`: sets of instances over them
"""
