"""The merchant's console: signed-in pages on the shop's own host, under /console/.

It owns no tables and no rules: a view parses, makes one domain call and renders. What a page may do is decided by
`access.staff_page`; what a form's values mean, by the service that gets them.
"""
