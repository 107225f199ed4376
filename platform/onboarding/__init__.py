"""What a new shop starts with: sample data of its trade, and whether its checklist is shown.

Owns: which rows came with the samples, and the checklist's state.

Invariants: taking the samples out touches only what putting them in made; what people have used since (a coupon that
was claimed, a product that was ordered) is kept and only taken out of use.
"""
