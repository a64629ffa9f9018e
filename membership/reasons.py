"""Why people join."""

REASONS = [
    "Keep up to date with latest news and developments in Peru",
    "Learn about key issues of poverty, development and human rights in Peru",
    "Support the work of the Peru Support Group",
]
