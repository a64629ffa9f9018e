"""Amounts in templates."""

from django import template

from membership import money

register = template.Library()
register.filter("pounds", money.pounds)
