"""Pages of membership for visitors and members, and the address that Stripe calls: one file a subject."""
