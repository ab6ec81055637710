"""The Ruby of policies, without Ruby: parsed by tree-sitter, evaluated by tables of methods over plain values.

An expression reaches nothing but the values that it is given. What is not in the tables is refused with its position
when the policy is checked; what can only be seen with a resource at hand is refused then, and never answered wrongly.
"""
