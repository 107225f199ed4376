"""Words for codes in templates."""

from django import template

from backoffice.given_plans import day_of_end
from backoffice.words import say

register = template.Library()
register.filter("say", say)
register.filter("day_of_end", day_of_end)
