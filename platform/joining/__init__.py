"""Joining (拉新): the links behind printed codes and the one-step join.

Owns: join links and joins.

Invariants: member, coupon and channel row are written in one transaction; a member joins by a link once, and every
repetition returns the same coupon.
"""
