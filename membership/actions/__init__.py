"""What happens to people and memberships: one file a subject, one function a use case, one transaction each.

Rows are locked in one order: application, then people by number, then their memberships.
"""
