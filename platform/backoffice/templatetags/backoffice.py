"""Words for codes in templates."""

from django import template

from backoffice.words import say

register = template.Library()
register.filter("say", say)
