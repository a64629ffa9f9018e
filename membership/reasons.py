"""Why people join, unless staff say it otherwise on the home page's panel."""

from django.utils.translation import gettext_noop as _

REASONS = [
    _("Keep up to date with latest news and developments in Peru"),
    _("Learn about key issues of poverty, development and human rights in Peru"),
    _("Support the work of the Peru Support Group"),
]
