"""What makes a shop's pages the shop's: its logo.

Owns: the logo, kept in the shop's own schema, so that export, restore and deletion carry it.

Invariants: a logo was decoded and written anew by us, at most 512 pixels wide and high; nothing that was uploaded is
handed out as it came.
"""
