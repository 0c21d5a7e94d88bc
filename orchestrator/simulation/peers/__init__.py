"""How others schedule experts, as policies of ours, to compare with.

Each is what its source says, on our slots: it never ends a call under way, swaps siblings in place
as we do, batches continuously, and promises no bound. Whatever they lose by is their order.
"""
