"""Coupons: batches that merchants define and the single coupons that members hold.

Owns: batches, coupons, the history of each coupon, and which token may see which coupon.

Invariants: issued <= total (a conditional write under a check constraint); at most `per_member_limit` coupons of a
batch per member (a unique slot); every change of state is a row of the history; a batch is one promotion whose only
code is the batch's id.
"""
