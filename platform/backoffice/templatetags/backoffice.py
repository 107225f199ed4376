"""Words for codes in templates."""

from django import template

from backoffice.words import last_day, say

register = template.Library()
register.filter("say", say)
register.filter("last_day", last_day)
